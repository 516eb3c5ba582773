"""The second pass of a run: measures what compares answers, once all answers are there.

A row that lacks such a measurement is left to do, so that the ledger alone says where to go on.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from penstock.features.datasets.model import VersionItem
from penstock.features.evaluations import store
from penstock.features.evaluations.model import MAX_PEERS, EvaluationRun, Result, ResultState
from penstock.features.evaluations.work.measuring import sample_of
from penstock.features.evaluations.work.parts import RunParts
from penstock.features.evaluations.work.targets import unmeasured_of
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.evaluation.measurements import infrastructure_error
from penstock.rules.evaluation.samples import PeerRelation, SamplePeer

PAGE: Final = 100  # rows in memory at once, with all answers that theirs are compared with
_LOST: Final = infrastructure_error("No answer came that this one is compared with.")


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A row that evaluators have to compare with others. `lost`: relations in which there would be
    an answer if one had come."""

    item: DatasetItem
    row: Result
    names: frozenset[str]
    peers: tuple[SamplePeer, ...]
    lost: frozenset[PeerRelation]


class PeerPass:
    """Compares the answers of a run."""

    def __init__(self, parts: RunParts) -> None:
        self._parts = parts
        self._relations = frozenset[PeerRelation]().union(*parts.evaluators.comparing.values())

    async def rows(self) -> AsyncIterator[Sequence[ComparedRow]]:
        """Yields the rows that lack a measurement, page by page."""
        if not self._relations:
            return
        async for items in self._parts.pages(PAGE):
            yield await asyncio.to_thread(self._page, items)

    async def measured(self, compared: ComparedRow) -> Result:
        """Returns a row with what it lacked."""
        evaluators, row = self._parts.evaluators, compared.row
        lost = {name for name in compared.names if evaluators.comparing[name] & compared.lost}
        sample = sample_of(compared.item, row.repeat, row.answer)
        sample = replace(sample, peers=compared.peers)
        found = await evaluators.measure(sample, compared.names - lost)
        return replace(
            row,
            round=self._parts.run.round,
            measurements=row.measurements | found | dict.fromkeys(lost, _LOST),
            cost_usd=row.cost_usd + sum(each.cost_usd for each in found.values()),
        )

    def _page(self, items: Sequence[VersionItem]) -> list[ComparedRow]:
        with self._parts.database.read() as connection:
            answers = _Answers.read(connection, self._parts.run, self._relations, items)
        found: list[ComparedRow] = []
        for stored in items:
            for row in answers.of_item(stored.item.id):
                if names := self._lacking(row):
                    peers, lost = answers.compared_with(stored.item, row)
                    found.append(ComparedRow(stored.item, row, names, peers, lost))
        return found

    def _lacking(self, row: Result) -> frozenset[str]:
        if row.state is not ResultState.MEASURED:
            return frozenset()
        again = unmeasured_of(row) if row.round < self._parts.run.round else frozenset[str]()
        done = row.measurements.keys() - again
        return frozenset(self._parts.evaluators.comparing.keys() - done)


@dataclass(frozen=True, slots=True)
class _Answers:
    """The rows of a page of items, and those that they are compared with."""

    relations: frozenset[PeerRelation]
    own: dict[str, list[Result]]
    groups: dict[tuple[str, int], list[Result]]
    baseline: dict[tuple[str, int], Result]

    @classmethod
    def read(
        cls,
        connection: Connection,
        run: EvaluationRun,
        relations: frozenset[PeerRelation],
        items: Sequence[VersionItem],
    ) -> "_Answers":
        """Reads only what the relations need."""
        ids = [each.item.id for each in items]
        own: dict[str, list[Result]] = {}
        for (item_id, _), row in sorted(store.results_of(connection, run.id, ids).items()):
            own.setdefault(item_id, []).append(row)
        groups: dict[tuple[str, int], list[Result]] = {}
        names = {each.item.group for each in items} - {""}
        if PeerRelation.GROUP in relations and names:
            for row in store.results_of_groups(connection, run.id, names, MAX_PEERS + 1):
                groups.setdefault((row.group, row.repeat), []).append(row)
        baseline: dict[tuple[str, int], Result] = {}
        if PeerRelation.BASELINE in relations:
            baseline = store.results_of(connection, run.plan.baseline_run, ids)
        return cls(relations, own, groups, baseline)

    def of_item(self, item_id: str) -> Sequence[Result]:
        """Returns the rows of an item."""
        return self.own.get(item_id, ())

    def compared_with(
        self, item: DatasetItem, row: Result
    ) -> tuple[tuple[SamplePeer, ...], frozenset[PeerRelation]]:
        """Returns the peers of a row, and the relations that lack one because no answer came."""
        peers: list[SamplePeer] = []
        lost: set[PeerRelation] = set()
        for relation in sorted(self.relations):
            others = list(self._others(relation, row))
            answered = [each for each in others if each.state is ResultState.MEASURED][:MAX_PEERS]
            peers += [_peer(relation, item, each) for each in answered]
            if not answered and any(each.state is ResultState.FAILED for each in others):
                lost.add(relation)
        return tuple(peers), frozenset(lost)

    def _others(self, relation: PeerRelation, row: Result) -> Iterator[Result]:
        match relation:
            case PeerRelation.REPEAT:
                yield from (each for each in self.of_item(row.item_id) if each.repeat != row.repeat)
            case PeerRelation.GROUP:
                group = self.groups.get((row.group, row.repeat), ())
                yield from (each for each in group if each.item_id != row.item_id)
            case PeerRelation.BASELINE:
                same = self.baseline.get((row.item_id, row.repeat))
                if found := same or self.baseline.get((row.item_id, 0)):
                    yield found


def _peer(relation: PeerRelation, item: DatasetItem, other: Result) -> SamplePeer:
    """Of other items the ledger has the short members of their metadata."""
    metadata = item.metadata if other.item_id == item.id else dict[str, object](other.facets)
    return SamplePeer(relation, other.answer.output, other.item_id, metadata)
