"""The shortlist: the models of a project that meet requirements, ranked by facts, prices and what
its own calls have shown."""

from collections.abc import Iterator, Mapping
from typing import Final

from penstock.features.catalog.ports import ModelMeasures
from penstock.features.catalog.service.models import ModelService, ServedModel
from penstock.kernel.errors import InvalidRequest
from penstock.kernel.time import Clock
from penstock.rules.models.candidates import NOT_MEASURED, Measured, ModelCandidate
from penstock.rules.models.shortlist import Shortlist, ShortlistQuery, make_shortlist

MOST_COMPARED: Final = 5_000  # models of one shortlist
_DAY_NS: Final = 24 * 3600 * 10**9


class ShortlistService:
    """Makes shortlists."""

    def __init__(self, models: ModelService, measures: ModelMeasures, clock: Clock) -> None:
        self._models = models
        self._measures = measures
        self._clock = clock

    def make(self, project_id: str, query: ShortlistQuery, *, search: str, days: int) -> Shortlist:
        """Ranks the models whose id contains `search`, by the calls of the last `days` days. Raises
        `InvalidRequest` for too many models."""
        served = self._models.list_page(
            project_id, search=search, provider="", after="", limit=MOST_COMPARED + 1
        )
        if len(served) > MOST_COMPARED:
            raise InvalidRequest(
                f"This project has more than {MOST_COMPARED:,} models.",
                hint="Give a part of their ids in `search`.",
                param="search",
            )
        now_ns = self._clock.now_ns()
        scores = _scores_of(query)
        measured = self._measures.measured(project_id, now_ns - days * _DAY_NS, now_ns, scores)
        return make_shortlist(_candidates(served, measured), query)


def _scores_of(query: ShortlistQuery) -> list[str]:
    return sorted({name for one in (query.required, *query.preferred) for name in one.min_scores})


def _candidates(
    served: list[ServedModel], measured: Mapping[tuple[str, str], Measured]
) -> Iterator[ModelCandidate]:
    for model in served:
        for offer in model.offers:
            yield ModelCandidate(
                provider=offer.provider,
                model=model.id,
                vendor=offer.vendor,
                own_server=offer.own_server,
                known=offer.known,
                rates=offer.rates,
                retirement=offer.retirement,
                measured=measured.get((offer.provider, model.id), NOT_MEASURED),
            )
