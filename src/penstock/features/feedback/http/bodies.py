"""Request bodies and views of scores. Times are RFC 3339 in UTC, amounts decimal strings."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
)

from penstock.features.feedback.model import Link, StoredScore
from penstock.features.feedback.service.scores import Accepted, Result
from penstock.infra.web.moments import Moment, moment_of
from penstock.infra.web.schemas import RequestBody
from penstock.kernel.errors import InvalidRequest, PenstockError
from penstock.kernel.time import unix_ns
from penstock.rules.scores.score import Score
from penstock.rules.scores.vocabulary import (
    ANNOTATION_ID,
    MAX_BATCH,
    MAX_COMMENT_CHARS,
    MAX_ID_CHARS,
    MAX_NAME_CHARS,
    ONLINE_AUTHOR,
    ScoreKind,
    ScoreSource,
    ScoreState,
    ScoreType,
)

Id = Annotated[StrictStr, Field(max_length=MAX_ID_CHARS)]


class ScoreBody(RequestBody):
    """A judgement of one call (`trace_id` and `span_id`), one trace (`trace_id`) or one session.

    `value`: a number, a boolean, or a text as category; without one, `comment` is the score. A
    score that is not `scored` has no value. `id`: the caller's own; without one, the same `source`
    and `author` have one score of each name for a target. A later judged score replaces an earlier
    one. `amount`: of an outcome."""

    name: Annotated[StrictStr, Field(max_length=MAX_NAME_CHARS)]
    kind: ScoreKind = ScoreKind.SCORE
    value: StrictBool | StrictInt | StrictFloat | StrictStr | None = None
    state: ScoreState = ScoreState.SCORED
    comment: Annotated[StrictStr, Field(max_length=MAX_COMMENT_CHARS)] = ""
    source: ScoreSource = ScoreSource.CODE
    author: Id = ""
    trace_id: Annotated[StrictStr, Field(max_length=32)] = ""
    span_id: Annotated[StrictStr, Field(max_length=16)] = ""
    session: Id = ""
    amount: Annotated[Decimal | None, Field(max_digits=24)] = None
    id: Id = ""
    time: Moment | None = None

    def score(self) -> Score:
        """Returns the score. The rules check it when it is submitted. Raises `InvalidRequest` for
        an author or id that only Penstock gives."""
        if self.author.startswith(ONLINE_AUTHOR):
            raise _reserved(ONLINE_AUTHOR, "author")
        if self.id.startswith(ANNOTATION_ID):
            raise _reserved(ANNOTATION_ID, "id")
        return Score(
            kind=self.kind,
            name=self.name,
            value=self.value,
            state=self.state,
            comment=self.comment,
            source=self.source,
            author=self.author,
            trace_id=self.trace_id,
            span_id=self.span_id,
            session=self.session,
            amount=self.amount,
            id=self.id,
            time_ns=unix_ns(self.time) if self.time else 0,
        )


def _reserved(prefix: str, param: str) -> InvalidRequest:
    return InvalidRequest(
        f"Only scores of Penstock itself have an {param} that begins with {prefix!r}.",
        hint=f"Choose another {param}.",
        code="score_reserved",
        param=param,
    )


_BODY: Final = TypeAdapter(ScoreBody)


class ScoreBatchBody(RequestBody):
    """Scores, each checked on its own: one that is not valid costs no other."""

    scores: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_BATCH)]


class AcceptedView(BaseModel):
    """A stored score. `link`: whether its call has arrived; a score waits for it for a day."""

    id: str
    link: Link

    @classmethod
    def of(cls, accepted: Accepted) -> "AcceptedView":
        return cls(id=accepted.id, link=accepted.link)


class RejectedView(BaseModel):
    """The reason why a score of a batch was not stored."""

    code: str
    detail: str
    param: str | None


class ScoreResultView(BaseModel):
    """The result of one score of a batch, by its position: accepted, or the error."""

    index: int
    accepted: AcceptedView | None = None
    error: RejectedView | None = None

    @classmethod
    def of(cls, index: int, result: Result) -> "ScoreResultView":
        if isinstance(result, Accepted):
            return cls(index=index, accepted=AcceptedView.of(result))
        error = RejectedView(code=result.code, detail=result.sentence(), param=result.param)
        return cls(index=index, error=error)


class ScoreBatchView(BaseModel):
    """The results of a batch, in the order of its scores."""

    accepted: int
    rejected: int
    items: list[ScoreResultView]


def read_scores(raw: Sequence[dict[str, Any]]) -> list[Score | PenstockError]:
    """Returns each score, or what is wrong with its form."""
    return [_read(each) for each in raw]


def _read(raw: dict[str, Any]) -> Score | PenstockError:
    try:
        return _BODY.validate_python(raw).score()
    except InvalidRequest as error:
        return error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"][:1]))
        return InvalidRequest(f"{where or 'The score'}: {first['msg']}.", param=where or None)


class ScoreView(BaseModel):
    """A stored score. `value` is null if its state is not `scored`, or if it is a comment.
    `status` and `assignee` are of feedback in the inbox."""

    id: str
    kind: ScoreKind
    name: str
    type: ScoreType
    value: bool | float | str | None
    state: ScoreState
    comment: str
    source: ScoreSource
    author: str
    amount: str | None
    trace_id: str
    span_id: str
    session: str
    time: datetime
    link: Link
    model: str
    use_case: str
    environment: str
    release: str
    arm: str
    prompt_version: str
    written_by: str
    status: Literal["new", "open", "resolved", "dismissed"]
    assignee: str

    @classmethod
    def of(cls, score: StoredScore) -> "ScoreView":
        return cls(
            id=score.id,
            kind=ScoreKind(score.kind),
            name=score.name,
            type=ScoreType(score.type),
            value=_value(score),
            state=ScoreState(score.state),
            comment=score.comment,
            source=ScoreSource(score.source),
            author=score.author,
            amount=None if score.amount is None else f"{score.amount:f}",
            trace_id=score.trace_id,
            span_id=score.span_id,
            session=score.of_session,
            time=moment_of(score.scored_ns // 1_000_000),
            link=Link(score.link),
            model=score.model,
            use_case=score.use_case,
            environment=score.environment,
            release=score.release,
            arm=score.arm,
            prompt_version=score.prompt_version,
            written_by=score.written_by,
            status=score.status,  # pyright: ignore[reportArgumentType] - checked by pydantic
            assignee=score.assignee,
        )


def _value(score: StoredScore) -> bool | float | str | None:
    if score.type == ScoreType.BOOLEAN:
        return score.number == 1
    return score.label if score.type == ScoreType.CATEGORICAL else score.number
