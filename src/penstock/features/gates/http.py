"""`/api/v1/projects/{project_id}/gates`: gates."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.gates.model import Gate, GateState
from penstock.features.gates.service import GateRequest, GateService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.infra.web.schemas import RequestBody
from penstock.kernel.errors import InvalidRequest
from penstock.rules.gates.decision import GateOutcome, ThresholdDecision
from penstock.rules.gates.plan import (
    MAX_THRESHOLDS,
    MOST_FALSE_ALARMS,
    GatePlan,
    Threshold,
    ThresholdKind,
)
from penstock.rules.gates.reports import FORMATS

PREFIX = "/api/v1/projects/{project_id}/gates"
_Figure = Annotated[float, Field(allow_inf_nan=False)]
_Rate = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class ThresholdBody(RequestBody):
    """A demand on one metric: that it is not shown to be worse than the baseline's, or worse by
    less than `margin` or than `ratio` times it (`non_inferior`), or `at_least` or `at_most` a value
    in the mean or at a `quantile` (`absolute`)."""

    metric: Annotated[str, Field(min_length=1, max_length=64)]
    kind: ThresholdKind = ThresholdKind.NO_REGRESSION
    at_least: _Figure | None = None
    at_most: _Figure | None = None
    quantile: _Rate | None = None
    margin: _Figure = 0.0
    ratio: _Figure = 1.0

    def threshold(self) -> Threshold:
        """Returns the threshold."""
        return Threshold(**self.model_dump())


class GateBody(RequestBody):
    """A gate to open: runs that have ended. `use_case`: its criteria are thresholds, if none are
    given; then no metric may be shown to be worse than the baseline's, either."""

    candidate: Annotated[str, Field(min_length=1, max_length=64)]
    baseline: Annotated[str, Field(max_length=64)] = ""
    use_case: Annotated[str, Field(max_length=127)] = ""
    thresholds: Annotated[
        list[ThresholdBody], Field(max_length=MAX_THRESHOLDS, default_factory=list[ThresholdBody])
    ]
    false_alarms: Annotated[float, Field(gt=0, le=MOST_FALSE_ALARMS)] = 0.05
    coverage: _Rate = 0.9
    power: Annotated[float, Field(gt=0, lt=1)] = 0.8
    minimum_items: Annotated[int, Field(ge=2, le=1_000_000)] = 10

    def request(self) -> GateRequest:
        """Returns what is asked for."""
        plan = GatePlan(
            tuple(each.threshold() for each in self.thresholds),
            self.false_alarms,
            self.coverage,
            self.power,
            self.minimum_items,
        )
        return GateRequest(self.candidate, self.baseline, plan, self.use_case)


class ThresholdView(BaseModel):
    """A threshold with what was found. `low`, `high`: the interval of the difference, or of the
    value for an absolute one. `visible`: the least difference that the runs could see."""

    metric: str
    kind: ThresholdKind
    at_least: float | None
    at_most: float | None
    quantile: float | None
    margin: float
    ratio: float
    outcome: GateOutcome
    text: str
    pairs: int
    items: int
    candidate: float | None
    baseline: float | None
    low: float | None
    high: float | None
    p_value: float | None
    visible: float | None
    candidate_states: dict[str, int]
    baseline_states: dict[str, int]

    @classmethod
    def of(cls, decided: ThresholdDecision) -> "ThresholdView":
        figures = {
            name: getattr(decided, name)
            for name in ThresholdDecision.__struct_fields__
            if name != "threshold"
        }
        asked = {name: getattr(decided.threshold, name) for name in Threshold.__struct_fields__}
        return cls(**asked, **figures)


class GateView(BaseModel):
    """A gate. `outcome` and `exit_code` are null while what looks worse is `confirming`."""

    id: str
    state: GateState
    candidate: str
    baseline: str
    release: str
    confirming: list[str]
    items_to_confirm: int
    outcome: GateOutcome | None
    exit_code: int | None
    confirmed: bool
    thresholds: list[ThresholdView]
    evidence: int | None
    use_case: str
    author: str
    created_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, gate: Gate) -> "GateView":
        shown, final = gate.decision or gate.first, gate.decision
        return cls(
            id=gate.id,
            state=gate.state,
            candidate=gate.candidate,
            baseline=gate.baseline,
            release=gate.release,
            confirming=list(gate.confirming),
            items_to_confirm=len(gate.first.to_confirm),
            outcome=final.outcome if final else None,
            exit_code=final.exit_code if final else None,
            confirmed=shown.confirmed,
            thresholds=[ThresholdView.of(each) for each in shown.thresholds],
            evidence=gate.evidence or None,
            use_case=gate.use_case,
            author=gate.author,
            created_at=moment_of(gate.created_ms),
            decided_at=moment_of(gate.decided_ms) if gate.decided_ms else None,
        )


def gate_routes(require: RequirePermission, gates: GateService) -> APIRouter:
    """Returns the routes of gates."""
    router = APIRouter(prefix=PREFIX, tags=["gates"])
    may_read = Depends(require(Permission.EVALUATIONS_READ))
    may_run = Depends(require(Permission.EVALUATIONS_RUN))

    @router.post("", status_code=201)
    def open_gate(access: Annotated[Access, may_run], body: GateBody) -> GateView:
        """Compares two runs. What looks like a regression is run again, and decided by
        `…/decide`."""
        return GateView.of(gates.open(access.principal, access.project_id, body.request()))

    @router.get("")
    def list_gates(
        access: Annotated[Access, may_read],
        release: Annotated[str, Query(max_length=64)] = "",
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Page[GateView]:
        """Lists gates, newest first, of a release if it is given."""
        found = gates.list(access.project_id, release, _position(decode_cursor(cursor)), limit + 1)
        return page_of(found, limit, GateView.of, lambda each: f"{each.created_ms}/{each.id}")

    @router.get("/{gate_id}")
    def get_gate(access: Annotated[Access, may_read], gate_id: str) -> GateView:
        """Returns a gate."""
        return GateView.of(gates.get(access.project_id, gate_id))

    @router.post("/{gate_id}/decide")
    def decide_gate(access: Annotated[Access, may_run], gate_id: str) -> GateView:
        """Decides a gate whose confirming runs have ended, and writes the evidence on the release
        if the caller may."""
        return GateView.of(gates.decide(access.principal, access.project_id, gate_id))

    @router.get("/{gate_id}/report", response_class=PlainTextResponse)
    def get_gate_report(
        access: Annotated[Access, may_read],
        gate_id: str,
        format: Literal["markdown", "junit", "github"] = "markdown",  # noqa: A002 - the query's name
    ) -> PlainTextResponse:
        """Returns a gate as Markdown, JUnit XML, or annotations of GitHub Actions."""
        gate = gates.get(access.project_id, gate_id)
        title = f"Penstock gate {gate.id}"
        return PlainTextResponse(FORMATS[format](gate.decision or gate.first, title))

    return router


def _position(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    at, slash, gate_id = text.partition("/")
    if not slash or not at.isdecimal() or len(at) > 18:
        raise InvalidRequest(
            "The cursor is not valid.", hint="Start without a cursor.", param="cursor"
        )
    return int(at), gate_id
