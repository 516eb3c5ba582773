"""The options of a single request: `x-sim-…` headers, or the same names in `metadata`.

`metadata` is for clients behind a gateway, which forwards bodies but not unknown headers.
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
    """One field per header: `latency_ms` is `x-sim-latency-ms`. None = the simulator's default."""

    seed: int | None = None
    latency_ms: _Amount | None = None  # to the first token
    tokens_per_second: _Amount | None = None  # 0 = no delay
    tokens: _Count | None = None  # length of each choice
    quality: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None  # share of texts that help
    reasoning_tokens: _Count | None = None
    cached_tokens: _Count | None = None
    tool_calls: Annotated[int, msgspec.Meta(ge=0, le=64)] = 1  # number of tool calls in one answer
    megabytes: Annotated[float, msgspec.Meta(ge=0, le=1024)] = 0  # size of a huge answer
    fault: str = ""
    after_tokens: _Count | None = None  # where the fault occurs
    stall_ms: _Amount | None = None  # how long a stall lasts; None = until the client disconnects
    retry_after_s: _Count = 1
    tag: str = ""  # copied into the call log

    def chosen_fault(self) -> Fault | None:
        """The requested fault, if any. Raises `InvalidRequest` for an unknown name."""
        return parse_fault(self.fault) if self.fault else None

    def with_huge_answer(self) -> "Controls":
        """A copy that requests a huge answer, of the default size unless a size is given."""
        return msgspec.structs.replace(self, megabytes=self.megabytes or _DEFAULT_MEGABYTES)


def read_controls(headers: Mapping[str, str], metadata: Mapping[str, str]) -> Controls:
    """Reads the options; headers take precedence over metadata. Raises `InvalidRequest` for unknown
    names and invalid values."""
    given = {
        name.removeprefix(PREFIX).replace("-", "_"): value
        for source in (metadata, headers)
        for name, value in source.items()
        if name.startswith(PREFIX)
    }
    if not given:
        return _NO_CONTROLS
    try:
        return msgspec.convert(given, Controls, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"Invalid x-sim header: {error}",
            code="invalid_simulation",
        ) from None


_NO_CONTROLS: Final = Controls()


def with_defaults(controls: Controls, config: SimConfig) -> Controls:
    """Fills the options that the request left out from the configuration."""
    return msgspec.structs.replace(
        controls,
        seed=_either(controls.seed, config.seed),
        latency_ms=_either(controls.latency_ms, config.latency_ms),
        tokens_per_second=_either(controls.tokens_per_second, config.tokens_per_second),
        tokens=_either(controls.tokens, config.tokens or None),
    )


def _either(given: _T | None, default: _T) -> _T:
    return default if given is None else given
