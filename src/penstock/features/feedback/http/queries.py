"""Query parameters of scores and figures."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, Field

from penstock.features.feedback.model import DIMENSIONS, ScoreFilter
from penstock.features.traces.model import TimeRange
from penstock.kernel.errors import InvalidRequest
from penstock.kernel.time import stored_ns, unix_ns
from penstock.rules.scores.vocabulary import MAX_ID_CHARS, ScoreKind, ScoreSource, ScoreState

GroupBy = Literal[
    "", "time", "model", "use_case", "environment", "release", "arm", "prompt_version"
]
MAX_VALUES: Final = 50  # of one filter
MAX_TEXT_CHARS: Final = 200  # of a search
MAX_BUCKETS: Final = 1000  # of a time range
_WEEK_NS: Final = 7 * 24 * 3600 * 10**9

Values = Annotated[
    list[Annotated[str, Field(max_length=MAX_ID_CHARS)]], Field(max_length=MAX_VALUES)
]


class DimensionQuery(BaseModel):
    """The time range, `from` (inclusive) to `to` (exclusive), and values of the calls that scores
    are about. Default: the last 7 days. A repeated parameter selects any of its values."""

    from_: Annotated[AwareDatetime | None, Field(alias="from")] = None
    to: AwareDatetime | None = None
    model: Values = []
    use_case: Values = []
    environment: Values = []
    release: Values = []
    arm: Values = []
    prompt_version: Values = []

    def range(self, now_ns: int) -> TimeRange:
        """Returns the range. Raises `InvalidRequest` if it ends before it begins."""
        end = unix_ns(self.to) if self.to else now_ns + 1
        start = unix_ns(self.from_) if self.from_ else end - _WEEK_NS
        if start >= end:
            raise InvalidRequest(
                "The time range ends before it begins.", hint="Swap from and to.", param="from"
            )
        return TimeRange(stored_ns(start), stored_ns(end))

    def dimensions(self) -> dict[str, tuple[str, ...]]:
        """Returns the wanted values by dimension."""
        return {name: tuple(getattr(self, name)) for name in DIMENSIONS}


class ScoreQuery(DimensionQuery):
    """Filters of scores. `q` occurs in the comment or the category; `positive`: thumbs up and
    ratings above 3, or thumbs down and ratings below 3."""

    kind: list[ScoreKind] = []
    name: Values = []
    source: list[ScoreSource] = []
    state: list[ScoreState] = []
    q: Annotated[str, Field(max_length=MAX_TEXT_CHARS)] = ""
    positive: bool | None = None
    trace_id: Annotated[str, Field(pattern="^([0-9a-f]{32})?$")] = ""
    session: Annotated[str, Field(max_length=MAX_ID_CHARS)] = ""

    def filter(self) -> ScoreFilter:
        """Returns the filter as a value."""
        return ScoreFilter(
            only=self.dimensions()
            | {
                "kind": tuple(self.kind),
                "name": tuple(self.name),
                "source": tuple(self.source),
                "state": tuple(self.state),
            },
            text=self.q,
            positive=self.positive,
            trace_id=self.trace_id,
            session=self.session,
        )


class GroupQuery(BaseModel):
    """The grouping. `bucket_s`: the width of the buckets of `by=time`."""

    by: GroupBy = ""
    bucket_s: Annotated[int, Field(ge=60, le=366 * 24 * 3600)] = 24 * 3600

    def width_ns(self, within: TimeRange) -> int:
        """Returns the width of a bucket. Raises `InvalidRequest` for too many of them."""
        width = self.bucket_s * 10**9
        if self.by == "time" and (within.end_ns - within.start_ns) // width > MAX_BUCKETS:
            raise InvalidRequest(
                f"The time range has more than {MAX_BUCKETS} buckets.",
                hint="Choose wider buckets or a shorter range.",
                param="bucket_s",
            )
        return width
