"""What one request asks of the simulator: `x-sim-…` headers, or the same names in `metadata`.

The second way is for clients behind a gateway, which hands on bodies but not foreign headers.
"""

from collections.abc import Mapping
from typing import Annotated, Final, TypeVar

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.sim.config import SimConfig
from penstock.sim.faults import Fault, parse_fault

PREFIX: Final = "x-sim-"
_DEFAULT_MEGABYTES: Final = 20.0
_T = TypeVar("_T")

_Count = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
_Amount = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]


class Controls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field per header: `latency_ms` is `x-sim-latency-ms`. None = the simulator's own way."""

    seed: int | None = None
    latency_ms: _Amount | None = None  # to the first token
    tokens_per_second: _Amount | None = None  # 0 = at once
    tokens: _Count | None = None  # length of each choice
    reasoning_tokens: _Count | None = None
    cached_tokens: _Count | None = None
    tool_calls: Annotated[int, msgspec.Meta(ge=0, le=64)] = 1  # made at a time
    megabytes: Annotated[float, msgspec.Meta(ge=0, le=1024)] = 0  # length of a huge answer
    fault: str = ""
    after_tokens: _Count | None = None  # where the fault strikes
    stall_ms: _Amount | None = None  # how long it lasts; None = until the client leaves
    retry_after_s: _Count = 1
    tag: str = ""  # copied into the log of calls

    def chosen_fault(self) -> Fault | None:
        """The fault asked for; `InvalidRequest` if there is none of that name."""
        return parse_fault(self.fault) if self.fault else None

    def with_huge_answer(self) -> "Controls":
        """The same with a huge answer, of a size of its own if none was asked for."""
        return msgspec.structs.replace(self, megabytes=self.megabytes or _DEFAULT_MEGABYTES)


def read_controls(headers: Mapping[str, str], metadata: Mapping[str, str]) -> Controls:
    """Headers win over metadata. `InvalidRequest` for unknown names and impossible values."""
    asked = {
        name.removeprefix(PREFIX).replace("-", "_"): value
        for source in (metadata, headers)
        for name, value in source.items()
        if name.startswith(PREFIX)
    }
    if not asked:
        return _NO_CONTROLS
    try:
        return msgspec.convert(asked, Controls, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"The simulator cannot do what the x-sim headers ask for: {error}",
            code="invalid_simulation",
        ) from None


_NO_CONTROLS: Final = Controls()


def with_defaults(controls: Controls, config: SimConfig) -> Controls:
    """What was asked for; where nothing was, what the simulator is configured to do."""
    return msgspec.structs.replace(
        controls,
        seed=_either(controls.seed, config.seed),
        latency_ms=_either(controls.latency_ms, config.latency_ms),
        tokens_per_second=_either(controls.tokens_per_second, config.tokens_per_second),
        tokens=_either(controls.tokens, config.tokens or None),
    )


def _either(asked: _T | None, default: _T) -> _T:
    return default if asked is None else asked
