"""`penstock dataset split` and `deduplicate`: what belongs together is found here, not on the
server, because it takes a millisecond for each item."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
import typer
from msgspec.structs import replace

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import Api, open_api
from penstock.entrypoints.cli.dataset_calls import Name, dataset_path
from penstock.entrypoints.cli.dataset_draft import commit_items
from penstock.entrypoints.cli.output import show_record
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.item_groups import ItemGroups, text_of_input
from penstock.rules.evaluation.items import DatasetItem, id_of_example
from penstock.rules.evaluation.near_duplicates import LEAST_SIMILARITY, NearDuplicates
from penstock.rules.evaluation.splits import check_shares, split_of

_EXAMPLE: Final = "--share train=0.8 --share test=0.2"


def split_dataset(
    name: Name,
    *,
    share: Annotated[
        list[str], typer.Option(metavar="SPLIT=SHARE", help="Split, such as test=0.2 (repeatable).")
    ],
    seed: Annotated[int, typer.Option(help="Another seed gives another division.")] = 0,
    similarity: Annotated[
        float, typer.Option(min=0.1, max=1, help="Inputs that are so similar stay together.")
    ] = LEAST_SIMILARITY,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Divide the items over splits: groups and near-duplicates stay together."""
    shares = dict(map(_share, share))
    check_shares(shares)
    with open_api(home) as api:
        version = _Version.newest(api, project, name)
        groups = ItemGroups.of(version.items(), similarity)
        counts = dict.fromkeys(shares, 0)

        def divided() -> Iterator[DatasetItem]:
            for number, item in enumerate(version.items()):
                chosen = split_of(groups.key(number), shares, seed)
                counts[chosen] += 1
                yield replace(item, split=chosen)

        division = ", ".join(f"{split}={part:g}" for split, part in shares.items())
        done = version.replace(divided(), f"Splits {division}, seed {seed}")
    record = {"dataset": name, "version": done["version"]["version"], **counts}
    show_record({**done, "splits": counts} if as_json else record, as_json=as_json)


def deduplicate(
    name: Name,
    *,
    similarity: Annotated[
        float | None,
        typer.Option(min=0.1, max=1, help="Compare inputs. [input, expected, context are equal]"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")] = False,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Remove duplicates; the first item of each group stays."""
    with open_api(home) as api:
        version = _Version.newest(api, project, name)
        first = _first_of_each(version, similarity)
        count = version.item_count - len(first)
        record: dict[str, Any] = {"dataset": name, "duplicates": count, "version": version.number}
        if count and not dry_run:
            kept = (each for number, each in enumerate(version.items()) if number in first)
            done = version.replace(kept, f"{count} duplicates removed")
            record["version"] = done["version"]["version"]
    show_record(record, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Version:
    """A version of a dataset on the server."""

    api: Api
    path: str
    number: int
    item_count: int

    @classmethod
    def newest(cls, api: Api, project: str | None, name: str) -> "_Version":
        path = dataset_path(api, project, name)
        newest = api.get(path)["newest"]
        if newest is None:
            raise InvalidRequest(f"The dataset {name!r} has no items yet.")
        return cls(api, path, newest["version"], newest["item_count"])

    def items(self) -> Iterator[DatasetItem]:
        """Yields the items in order; each call reads them again."""
        for each in self.api.items(f"{self.path}/items", version=self.number):
            yield msgspec.convert(each, DatasetItem)

    def replace(self, items: Iterator[DatasetItem], message: str) -> Any:
        """Makes the version after this one, of these items only."""
        draft = {"parent": self.number, "removes_others": True}
        return commit_items(self.api, self.path, draft, items, message)


def _first_of_each(version: _Version, similarity: float | None) -> set[int]:
    if similarity is not None:
        near = NearDuplicates(similarity)
        numbers = [near.add(text_of_input(item)) for item in version.items()]
        return {near.group(number) for number in numbers}
    first = dict[str, int]()
    for number, item in enumerate(version.items()):
        first.setdefault(id_of_example(item), number)
    return set(first.values())


def _share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        return name, float(share)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not valid: write {_EXAMPLE}", param_hint="--share"
        ) from None
