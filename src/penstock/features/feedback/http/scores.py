"""`/api/v1/scores`: written by applications, evaluators and annotators; listed and measured."""

import base64
import binascii
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.feedback.http.bodies import (
    AcceptedView,
    ScoreBatchBody,
    ScoreBatchView,
    ScoreBody,
    ScoreResultView,
    ScoreView,
    read_scores,
)
from penstock.features.feedback.http.queries import GroupQuery, ScoreQuery
from penstock.features.feedback.model import ScoreMeasures, ScorePosition, StoredScore
from penstock.features.feedback.service.scores import Result, ScoreService
from penstock.infra.web.pages import Limit, Page
from penstock.kernel.errors import InvalidRequest, PenstockError
from penstock.rules.scores.vocabulary import ScoreKind, ScoreType


class ScorePageQuery(ScoreQuery):
    """Filters, and the cursor of a page."""

    cursor: Annotated[str, Query(max_length=200)] = ""


class MeasureQuery(ScoreQuery, GroupQuery):
    """Filters, and how to group."""


class ScoreMeasuresView(BaseModel):
    """The scores of one name and type in one group (`by`: the value of the dimension, or the start
    of the bucket in Unix seconds). `count`, `mean` and `variance` are of scores with a value; the
    other states are counted apart. `waiting`: their calls have not arrived."""

    by: str
    kind: ScoreKind
    name: str
    type: ScoreType
    count: int
    abstained: int
    unmeasured: int
    judge_error: int
    infrastructure_error: int
    waiting: int
    mean: float | None
    variance: float | None
    labels: dict[str, int]

    @classmethod
    def of(cls, found: ScoreMeasures, query: GroupQuery) -> "ScoreMeasuresView":
        by = group_value(found.by, query)
        return cls.model_validate(msgspec.structs.asdict(found) | {"by": by})


def group_value(value: str, query: GroupQuery) -> str:
    """Returns the value of a group; a time in Unix seconds."""
    return str(int(value) // 10**9) if query.by == "time" else value


def score_routes(require: RequirePermission, scores: ScoreService) -> APIRouter:
    """Returns the routes of scores."""
    router = APIRouter(prefix="/api/v1/scores", tags=["scores"])
    may_read = Depends(require(Permission.SCORES_READ))
    may_write = Depends(require(Permission.SCORES_WRITE))

    @router.post("", status_code=201)
    def add_score(access: Annotated[Access, may_write], body: ScoreBody) -> AcceptedView:
        """Stores a score, an outcome or feedback. Sent again, it changes nothing."""
        who = access.principal.id
        return AcceptedView.of(scores.submit_one(access.project_id, body.score(), who))

    @router.post("/batch")
    def add_scores(access: Annotated[Access, may_write], body: ScoreBatchBody) -> ScoreBatchView:
        """Stores scores. Each has its own result: one that is not valid costs no other."""
        read = read_scores(body.scores)
        valid = [each for each in read if not isinstance(each, PenstockError)]
        stored = iter(scores.submit(access.project_id, valid, access.principal.id))
        results: list[Result] = [
            each if isinstance(each, PenstockError) else next(stored) for each in read
        ]
        rejected = sum(isinstance(each, PenstockError) for each in results)
        return ScoreBatchView(
            accepted=len(results) - rejected,
            rejected=rejected,
            items=[ScoreResultView.of(index, each) for index, each in enumerate(results)],
        )

    @router.get("")
    def list_scores(
        access: Annotated[Access, may_read],
        query: Annotated[ScorePageQuery, Query()],
        limit: Limit = 100,
    ) -> Page[ScoreView]:
        """Lists scores, newest first."""
        found = scores.list_scores(
            access.project_id,
            query.range(scores.now_ns()),
            query.filter(),
            after=read_position(query.cursor),
            limit=limit,
        )
        return score_page(found, limit)

    @router.get("/measures")
    def measure_scores(
        access: Annotated[Access, may_read], query: Annotated[MeasureQuery, Query()]
    ) -> Page[ScoreMeasuresView]:
        """Counts scores by name and state, with mean and variance, in groups."""
        within = query.range(scores.now_ns())
        found = scores.measures(
            access.project_id, within, query.filter(), by=query.by, width_ns=query.width_ns(within)
        )
        return Page(items=[ScoreMeasuresView.of(each, query) for each in found])

    return router


def score_page(found: list[StoredScore], limit: int) -> Page[ScoreView]:
    """Returns a page of `limit` scores; `found` has one more if there is a next page."""
    cursor = None
    if len(found) > limit:
        last = found[limit - 1]
        raw = msgspec.json.encode(ScorePosition(last.scored_ns, last.id))
        cursor = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return Page(items=[ScoreView.of(each) for each in found[:limit]], next_cursor=cursor)


def read_position(cursor: str) -> ScorePosition | None:
    """Returns the position in a cursor. Raises `InvalidRequest` for any other text."""
    if not cursor:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=ScorePosition)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest(
            "The cursor is not valid.", hint="Start without a cursor.", param="cursor"
        ) from error
