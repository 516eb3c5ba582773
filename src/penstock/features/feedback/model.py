"""Values of scores as they are stored: rows, targets, filters, measures. No SQL, no HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from penstock.rules.scores.vocabulary import OutcomeName

# What scores and figures can be filtered and grouped by, from the call that they are about.
DIMENSIONS: Final = ("model", "use_case", "environment", "release", "arm", "prompt_version")
TIME: Final = "time"

WAITS_NS: Final = 24 * 3600 * 10**9  # how long a score waits for its call
REACH_NS: Final = 90 * 24 * 3600 * 10**9  # a score is about calls of this long before it
AHEAD_NS: Final = 5 * 60 * 10**9  # the clock of a caller may be this much ahead


class Link(StrEnum):
    """The arrival of the call of a score. `MISSING`: not within `WAITS_NS`."""

    FOUND = "found"
    WAITING = "waiting"
    MISSING = "missing"


class HandlingStatus(StrEnum):
    """The status of a piece of feedback in the inbox."""

    NEW = "new"
    OPEN = "open"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class TargetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that a score takes over from its call; from the first call of a trace or
    session."""

    model: str = ""
    use_case: str = ""
    environment: str = ""
    release: str = ""
    arm: str = ""
    prompt_version: str = ""
    of_session: str = ""


class ScoreRow(TargetFacts, frozen=True, kw_only=True):
    """One row of the table `scores`. `number` is 1 or 0 for a boolean."""

    project_id: str
    id: str
    version: int
    kind: str
    name: str
    source: str
    author: str
    state: str
    type: str
    number: float | None
    label: str
    comment: str
    amount: Decimal | None
    trace_id: str
    span_id: str
    session: str
    scored_ns: int
    stored_ns: int
    written_by: str
    link: str


class StoredScore(TargetFacts, frozen=True, kw_only=True):
    """A stored score as it is read. `status` and `assignee` are of feedback."""

    id: str
    kind: str
    name: str
    source: str
    author: str
    state: str
    type: str
    number: float | None
    label: str
    comment: str
    amount: Decimal | None
    trace_id: str
    span_id: str
    session: str
    scored_ns: int
    written_by: str
    link: str
    status: str = HandlingStatus.NEW.value
    assignee: str = ""


@dataclass(frozen=True, slots=True)
class ScoreFilter:
    """Selects scores. `only`: allowed values by column; `text` occurs in the comment or label;
    `positive`: thumbs up and ratings above the middle, or the opposite."""

    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    text: str = ""
    positive: bool | None = None
    trace_id: str = ""
    session: str = ""
    handling: tuple[str, ...] = ()
    assignee: str | None = None


UnixNs = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class ScorePosition(msgspec.Struct, frozen=True, array_like=True):
    """A position in a list of scores, newest first."""

    scored_ns: UnixNs
    id: Annotated[str, msgspec.Meta(max_length=64)]


class ArrivedScore(msgspec.Struct, frozen=True, kw_only=True):
    """The call that a score is about, and when the score was stored."""

    id: str
    stored_ns: int
    trace_id: str
    span_id: str


class CallScore(msgspec.Struct, frozen=True, array_like=True):
    """A score of a call, without what names it. `number` is 1 or 0 for a boolean."""

    name: str
    state: str
    type: str
    number: float | None
    label: str
    comment: str


class JudgedCall(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one author about a call that were stored at the same time."""

    stored_ns: int
    trace_id: str
    span_id: str
    scores: list[CallScore]


class ScoreMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one name and type, in one group. `count` is that of values; the other states
    are counted apart. `mean` and `variance` (of a sample) are of numbers and booleans, `labels`
    counts categorical values. `waiting`: scores whose call has not arrived."""

    by: str = ""
    name: str
    type: str
    kind: str
    count: int
    abstained: int
    unmeasured: int
    judge_error: int
    infrastructure_error: int
    waiting: int
    mean: float | None
    variance: float | None
    labels: dict[str, int]


class ScoreClusters(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one author under one name, in a time bucket and release. `size` of them are
    numbers or booleans, with the sum `total`; those of a trace are one of `clusters`. Over these
    are summed the square of a cluster's size (`sizes2`), of its total (`totals2`), and the product
    of both (`products`)."""

    bucket_ns: int
    release: str
    name: str
    scored: int
    abstained: int
    unmeasured: int
    judge_error: int
    infrastructure_error: int
    size: int
    total: float
    clusters: int
    sizes2: float
    totals2: float
    products: float
    labels: dict[str, int]


class OutcomeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome in a group: units with a result, those where it is true, and their amounts."""

    measured: int = 0
    positive: int = 0
    amount: Decimal = Decimal(0)

    @property
    def rate(self) -> float | None:
        """Returns the share of the measured units; `None` without any."""
        return self.positive / self.measured if self.measured else None


class OutcomeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The outcomes of all units (sessions or traces) in a group. `cost` is of all their priced
    calls, in USD; `unpriced` counts calls with tokens but without a price."""

    by: str
    units: int
    calls: int
    unpriced: int
    cost: Decimal
    outcomes: dict[OutcomeName, OutcomeCounts]

    @property
    def cost_per_resolution(self) -> Decimal | None:
        """Returns the cost of all units, also of those that were not resolved, for each resolved
        one; `None` without any."""
        resolved = self.outcomes[OutcomeName.RESOLVED].positive
        return self.cost / resolved if resolved else None


MAX_KEYS: Final = 100  # public keys of a project
MAX_ORIGINS: Final = 20  # of a public key
MAX_ORIGIN_CHARS: Final = 256  # of one of them
MAX_PER_MINUTE: Final = 6000  # requests with a public key


@dataclass(frozen=True, slots=True)
class FeedbackKey:
    """A public key: web pages of its `origins` send feedback with it, and nothing else. It is no
    secret. `per_minute`: requests of all its users together."""

    key: str
    id: str
    project_id: str
    name: str
    origins: tuple[str, ...]
    per_minute: int
    created_ms: int

    def audit_fields(self) -> dict[str, object]:
        """Returns the fields for the audit log."""
        origins = list(self.origins)
        return {"name": self.name, "origins": origins, "per_minute": self.per_minute}
