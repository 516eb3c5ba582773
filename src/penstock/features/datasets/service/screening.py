"""Looks for personal data in items before they are stored, and treats them by the dataset's
policy."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from msgspec.structs import replace

from penstock.features.datasets.model import PersonalDataPolicy
from penstock.features.datasets.service.draft_rows import PlacedItem
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import DatasetItem, id_of_example
from penstock.rules.evaluation.personal_data import find_personal_data
from penstock.rules.guards.scanning import Finding, Scanner

MAX_FINDINGS: Final = 20  # kinds by field that are kept of an item; further ones are not named
_FIELDS: Final = ("input", "expected", "context", "metadata")

Edit = Callable[[str], str]


class PersonalDataScreen:
    """Finds personal data by its forms, and what the scanners of guardrails find."""

    def __init__(self, scanners: Sequence[Scanner]) -> None:
        self._scanners = scanners

    def __call__(
        self, policy: PersonalDataPolicy, items: Sequence[PlacedItem]
    ) -> tuple[list[PlacedItem], dict[str, str]]:
        """Returns the items to store, and the findings of each, by its id. Raises `InvalidRequest`
        that names item and field if the policy rejects them."""
        screened, by_id = list[PlacedItem](), dict[str, str]()
        for place, item in items:
            found = self._found(item)
            if found and policy is PersonalDataPolicy.REJECT:
                raise _rejected(place, item, found)
            redacted = policy is PersonalDataPolicy.REDACT and found
            kept = self._redacted(item) if redacted else item
            screened.append((place, kept))
            if found:
                by_id[kept.id] = "\n".join(found)
        return screened, by_id

    def _found(self, item: DatasetItem) -> list[str]:
        """Returns `field: kind`, each once."""
        kinds = (
            f"{field}: {found.kind}"
            for field in _FIELDS
            for text in _texts(getattr(item, field))
            for found in self._findings(text)
        )
        return list(dict.fromkeys(kinds))[:MAX_FINDINGS]

    def _redacted(self, item: DatasetItem) -> DatasetItem:
        changed = {field: _edited(getattr(item, field), self._redact) for field in _FIELDS}
        made = replace(item, **changed)
        return replace(made, id=id_of_example(made)) if item.id == id_of_example(item) else made

    def _redact(self, text: str) -> str:
        parts, at = list[str](), 0
        for found in self._findings(text):
            if found.start >= at:
                parts += (text[at : found.start], found.replacement or f"[{found.kind}]")
                at = found.end
        return "".join((*parts, text[at:]))

    def _findings(self, text: str) -> list[Finding]:
        found = [
            each for scanner in self._scanners for each in scanner.scan(text, 0, whole=True)[0]
        ]
        return sorted((*found, *find_personal_data(text)), key=lambda each: each.start)


def _texts(value: Any) -> Iterator[str]:
    """Yields all texts of a JSON value, with the names of members."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in cast("Mapping[str, Any]", value).items():
            yield name
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in cast("Sequence[Any]", value):
            yield from _texts(each)


def _edited(value: Any, edit: Edit) -> Any:
    """Returns a JSON value with all its texts edited."""
    if isinstance(value, str):
        return edit(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {edit(name): _edited(each, edit) for name, each in members.items()}
    if isinstance(value, list | tuple):
        edited = [_edited(each, edit) for each in cast("Sequence[Any]", value)]
        return tuple(edited) if isinstance(value, tuple) else edited
    return value


def _rejected(place: str, item: DatasetItem, found: Sequence[str]) -> InvalidRequest:
    field = found[0].partition(":")[0]
    return InvalidRequest(
        f"{item.source.place or place} has personal data: {', '.join(found)}.",
        hint="Remove it, or let the dataset flag or redact it.",
        code="dataset_personal_data",
        param=f"{place}.{field}",
    )
