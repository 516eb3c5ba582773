"""The facts of models that come with the package: `facts/<vendor>.toml`, one readable file each.

A field that nobody has looked up is left out. Each row has its sources, each with its date.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Final, cast

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.models.facts import FactsIndex, FactsList, ModelFacts, VendorFacts, problems

_FOLDER: Final = "facts"
_ROW: Final = re.compile(r"\$\.models\[(\d+)\]")
_MOST_PROBLEMS: Final = 5  # of a file, in one error


class PublicFacts:
    """The facts in use, by vendor."""

    def __init__(self, facts: Mapping[str, VendorFacts]) -> None:
        self._lists = {vendor: FactsList(one) for vendor, one in facts.items()}
        self.index = FactsIndex(self._lists)

    def get(self, vendor: str) -> VendorFacts | None:
        """Returns the facts of a vendor, if there are any."""
        found = self._lists.get(vendor)
        return found.facts if found is not None else None

    def vendors_of(self, vendor: str, models: tuple[str, ...]) -> Iterator[str]:
        """Yields the vendors whose facts a provider of `vendor` with these models needs."""
        if vendor in self._lists:
            yield vendor
            return
        for model in models:
            if (known := self.index.find(vendor, model)) is not None:
                yield known.vendor.vendor


def packaged_facts() -> dict[str, VendorFacts]:
    """Reads the files of the package. Raises `InvalidRequest` for a bad one."""
    folder = resources.files(__package__ or "").joinpath(_FOLDER)
    read = (read_facts(file.read_text("utf-8")) for file in folder.iterdir())
    return {facts.vendor: facts for facts in read}


def read_facts(text: str) -> VendorFacts:
    """Reads one file. Raises `InvalidRequest` that names the row and what is wrong with it."""
    try:
        raw = tomllib.loads(text)
        facts = msgspec.convert(raw, VendorFacts)
    except tomllib.TOMLDecodeError as error:
        raise _bad_file([f"it is not valid TOML: {error}."]) from None
    except RecursionError:
        raise _bad_file(["it is nested too deeply."]) from None
    except msgspec.ValidationError as error:
        raise _bad_file([_with_row(str(error))]) from None
    if found := [*_unknown(raw), *problems(facts)]:
        raise _bad_file(found)
    return facts


def _unknown(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yields the members that no version of the format has: a misspelt one would be ignored."""
    for name in raw.keys() - set(VendorFacts.__struct_fields__):
        yield f"{name!r} is no member of the facts of a vendor."
    rows = cast("list[dict[str, Any]]", raw.get("models", []))
    for number, row in enumerate(rows, 1):
        for name in row.keys() - set(ModelFacts.__struct_fields__):
            yield f"row {number}: {name!r} is no member of the facts of a model."


def _with_row(problem: str) -> str:
    """Numbers rows from 1."""
    row = _ROW.search(problem)
    return f"row {int(row[1]) + 1}: {problem}." if row else f"{problem}."


def _bad_file(found: list[str]) -> InvalidRequest:
    shown = " ".join(found[:_MOST_PROBLEMS])
    more = len(found) - _MOST_PROBLEMS
    rest = f" And {more} more." if more > 0 else ""
    return InvalidRequest(
        f"The facts cannot be used: {shown}{rest}", hint="Nothing was changed.", code="bad_facts"
    )
