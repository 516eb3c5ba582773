"""`POST /api/v1/projects/{project_id}/dry-run`: what would this request do."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends
from msgspec import to_builtins
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.dry_runs.service import DryRuns
from penstock.infra.web.schemas import RequestBody
from penstock.kernel.errors import Forbidden, InvalidRequest
from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.explanation import MAX_DRY_RUN_BYTES, DryRunRequest
from penstock.rules.tags import HEADER as TAGS_HEADER
from penstock.rules.tags import MAX_TAGS

_HEADER_OF: Final = {each.name: each.header for each in CALL_ATTRIBUTES if each.of_header}
Short = Annotated[str, Field(max_length=256)]
Header = Annotated[str, Field(max_length=4096)]


class DryRunBody(RequestBody):
    """A request as an application would send it. `body` is its JSON document, or its text.
    `attributes` are call attributes by name, such as `team`; what the key fixes wins. Without
    `key_id` it is a request with a key that may call all models."""

    path: Annotated[str, Field(max_length=1024)] = "/v1/chat/completions"
    method: Annotated[str, Field(max_length=16)] = "POST"
    query: Annotated[str, Field(max_length=4096)] = ""
    headers: Annotated[dict[Short, Header], Field(max_length=64, default_factory=dict[str, str])]
    body: dict[str, Any] | Annotated[str, Field(max_length=MAX_DRY_RUN_BYTES)]
    key_id: Annotated[str, Field(max_length=64)] = ""
    attributes: Annotated[dict[Short, Short], Field(max_length=16, default_factory=dict[str, str])]
    tags: Annotated[dict[Short, Short], Field(max_length=MAX_TAGS, default_factory=dict[str, str])]

    def request(self, project_id: str) -> DryRunRequest:
        """Returns the request for the gateway. Raises `InvalidRequest` for an unknown attribute."""
        headers = dict(self.headers)
        for name, value in self.attributes.items():
            headers[_header_of(name)] = value
        if self.tags:
            headers[TAGS_HEADER] = ",".join(f"{k}={quote(v)}" for k, v in self.tags.items())
        body = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return DryRunRequest(
            project_id=project_id,
            path=self.path,
            body=body,
            method=self.method,
            query=self.query,
            headers=headers,
            key_id=self.key_id,
        )


class RejectionView(BaseModel):
    """The error that the call would get, and the stage at which."""

    stage: str
    status: int
    code: str
    message: str
    hint: str = ""
    param: str = ""


class ExplainedTargetView(BaseModel):
    """A target in the order in which it would be tried. `reached`: the call has an attempt for it.
    `admits`: false while its circuit breaker is open or it rests. `cost`: the highest, in USD;
    empty without a price. `changes`: what is left out or changed in translation. `calls`: those at
    its provider now, of at most `max_calls` (0: no limit), while `waiting` wait in one worker."""

    provider: str
    model: str
    dialect: str
    translated: bool
    priority: int = 0
    weight: int = 1
    after: list[str] = []
    reached: bool = True
    admits: bool = True
    input_tokens: int = 0
    output_tokens: int = 0
    cost: str = ""
    changes: list[str] = []
    problem: RejectionView | None = None
    calls: int = 0
    max_calls: int = 0
    waiting: int = 0


class ExplainedLimitView(BaseModel):
    """A limit that counts the call, with the values of its counter. `reserves` and `left` are in
    its unit."""

    id: str
    name: str
    measure: str
    values: list[str]
    reserves: str
    left: str
    fits: bool


class ExplainedPolicyView(BaseModel):
    """A guardrail policy that applies to the call."""

    id: str
    name: str
    version: int
    checks: list[str]


class ExplainedFindingView(BaseModel):
    """The result of a check of the request: how much it found in a place, or its failure."""

    policy: str
    detector: str
    place: str
    action: str
    count: int = 0
    failure: str = ""


class ExplainedCacheView(BaseModel):
    """`looked_up`: the caller asks for a cached answer. `hit`: there is one now."""

    looked_up: bool
    hit: bool


class ExplainedRolloutShadowView(BaseModel):
    """The shadow of the rollout that answers the call, which gets `percent` of its calls. `left`:
    of the budget of this day, in USD, before the call; 0 or empty (the counters are away): none
    is sent."""

    release: str
    percent: float
    usd_per_day: str
    left: str


class ExplanationView(BaseModel):
    """An account of what the gateway would do with the request. It asked no provider and reserved
    nothing."""

    snapshot: str
    surface: str = ""
    operation: str = ""
    model: str = ""
    stream: bool = False
    caller: dict[str, str] = {}
    tags: dict[str, str] = {}
    route: str = ""
    route_version: int = 0
    strategy: str = ""
    max_attempts: int = 1
    call_priority: str = ""
    shadow: str = ""
    rollout_shadow: ExplainedRolloutShadowView | None = None
    targets: list[ExplainedTargetView] = []
    limits: list[ExplainedLimitView] = []
    cache: ExplainedCacheView | None = None
    guardrails: list[ExplainedPolicyView] = []
    findings: list[ExplainedFindingView] = []
    rejection: RejectionView | None = None
    not_for_call: list[str] = []


def dry_run_routes(require: RequirePermission, dry_runs: DryRuns) -> APIRouter:
    """Returns the route."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/dry-run", tags=["dry run"])
    may_read = Depends(require(Permission.ROUTES_READ))

    @router.post("")
    async def dry_run(access: Annotated[Access, may_read], body: DryRunBody) -> ExplanationView:
        """Explains what a request would do: its route, the order of targets, limits, cache,
        guardrails, and the error if it would get one. Calls no provider and reserves nothing."""
        _require_key_access(access, body.key_id)
        found = await dry_runs.explain(body.request(access.project_id))
        return ExplanationView.model_validate(to_builtins(found))

    return router


def _require_key_access(access: Access, key_id: str) -> None:
    if key_id and not access.principal.may(Permission.KEYS_READ, access.project_id):
        raise Forbidden("You may not look at keys.", hint="Leave out key_id.", param="key_id")


def _header_of(name: str, known: Mapping[str, str] = _HEADER_OF) -> str:
    if name not in known:
        raise InvalidRequest(
            f"{name[:64]!r} is no call attribute.",
            hint=f"Use some of: {', '.join(known)}.",
            param="attributes",
        )
    return known[name]
