"""Documents of dry runs: a request, and what a gateway would do with it."""

from typing import Final

from penstock.rules.document import Document

DRY_RUN_PATH: Final = "/internal/v1/dry-run"
MAX_DRY_RUN_BYTES: Final = 4 * 1024 * 1024  # of the document with the request


class DryRunRequest(Document, frozen=True):
    """A request to a gateway. Without a key it may call all models of the project."""

    project_id: str
    path: str
    body: str = ""
    method: str = "POST"
    query: str = ""
    headers: dict[str, str] = {}  # noqa: RUF012 - msgspec copies the default
    key_id: str = ""


class Rejection(Document, frozen=True):
    """The error that a call would get. `stage`: `read`, `authenticate`, `resolve`, `limits`,
    `guardrails`, `cache`, `route` or `provider`."""

    stage: str
    status: int
    code: str
    message: str
    hint: str = ""
    param: str = ""


class ExplainedTarget(Document, frozen=True):
    """A target in the order in which it would be tried. `reached`: the call has an attempt for it.
    `admits`: false while its circuit breaker is open or it rests. `cost`: the highest, in USD;
    empty without a price. `changes`: what is left out or changed in translation. `problem`: why it
    cannot take the request. `calls`: those at its provider now, of at most `max_calls` (0: no
    limit), while `waiting` wait in this worker."""

    provider: str
    model: str
    dialect: str
    translated: bool
    priority: int = 0
    weight: int = 1
    after: tuple[str, ...] = ()
    reached: bool = True
    admits: bool = True
    input_tokens: int = 0
    output_tokens: int = 0
    cost: str = ""
    changes: tuple[str, ...] = ()
    problem: Rejection | None = None
    calls: int = 0
    max_calls: int = 0
    waiting: int = 0


class ExplainedLimit(Document, frozen=True):
    """A limit that counts the call, with the values of its counter. `reserves` and `left` are in
    its unit; `left` before the call."""

    id: str
    name: str
    measure: str
    values: tuple[str, ...]
    reserves: str
    left: str
    fits: bool


class ExplainedPolicy(Document, frozen=True):
    """A guardrail policy that applies to the call. `checks`: detector, places and action of each,
    such as `secrets:input,output:redact`."""

    id: str
    name: str
    version: int
    checks: tuple[str, ...]


class ExplainedFinding(Document, frozen=True):
    """The result of a check of the request: how much it found in a place, or its failure."""

    policy: str
    detector: str
    place: str
    action: str
    count: int = 0
    failure: str = ""


class ExplainedCache(Document, frozen=True):
    """`looked_up`: the caller asks for a cached answer. `hit`: there is one now."""

    looked_up: bool
    hit: bool


class ExplainedRolloutShadow(Document, frozen=True):
    """The shadow of the rollout that answers the call, which gets `percent` of its calls. `left`:
    of the budget of this day, in USD, before the call; 0 or empty (the counters are away): none
    is sent."""

    release: str
    percent: float
    usd_per_day: str
    left: str


class Explanation(Document, frozen=True, kw_only=True):
    """An account of what a gateway would do with a request. Without a `route` there is one target.
    `not_for_call`: targets of the route whose conditions the call does not fulfil. Parts after a
    rejection may be missing."""

    snapshot: str
    surface: str = ""
    operation: str = ""
    model: str = ""
    stream: bool = False
    caller: dict[str, str] = {}  # noqa: RUF012 - msgspec copies the default
    tags: dict[str, str] = {}  # noqa: RUF012 - msgspec copies the default
    route: str = ""
    route_version: int = 0
    strategy: str = ""
    max_attempts: int = 1
    call_priority: str = ""
    shadow: str = ""  # of the route: `10 % to provider/model`
    rollout_shadow: ExplainedRolloutShadow | None = None
    targets: tuple[ExplainedTarget, ...] = ()
    limits: tuple[ExplainedLimit, ...] = ()
    cache: ExplainedCache | None = None
    guardrails: tuple[ExplainedPolicy, ...] = ()
    findings: tuple[ExplainedFinding, ...] = ()
    rejection: Rejection | None = None
    not_for_call: tuple[str, ...] = ()
