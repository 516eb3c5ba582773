"""Fault injection: each fault is a change to the script of an answer. Pure.

Without `after_tokens`, `reset` and `stall` occur before the headers, and faults that need a body
occur in the middle of it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from penstock.kernel.errors import InvalidRequest
from penstock.sim.script import Ending, Script, ScriptStep


class FaultKind(StrEnum):
    """The values of `x-sim-fault`. A status code from 400 to 599 is a fault, too."""

    STATUS = "status"  # an error answer; requested by its code, such as 503
    RESET = "reset"  # the connection is reset (TCP RST)
    STALL = "stall"  # sends nothing more
    SLOW_HEADERS = "slow-headers"  # a pause before the headers, then the normal answer
    CUT = "cut"  # the connection is closed within the body
    MALFORMED = "malformed"  # an invalid event within a stream, or an incomplete document
    ERROR_EVENT = "error-event"  # an error event, after which the stream ends
    NO_DONE = "no-done"  # a stream that ends cleanly without its last event
    NO_FINISH = "no-finish"  # a stream that ends cleanly after some tokens, without `finish_reason`
    HUGE = "huge"  # an answer of many megabytes


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault; `status` is the code of a `STATUS` fault."""

    kind: FaultKind
    status: int = 0


_DEFAULT_PAUSE_S: Final = 10.0


def parse_fault(text: str) -> Fault:
    """Parses `cut`, `503`, … Raises `InvalidRequest` for an unknown name."""
    if text.isdecimal() and 400 <= int(text) <= 599:
        return Fault(FaultKind.STATUS, int(text))
    if text in set(FaultKind) - {FaultKind.STATUS}:
        return Fault(FaultKind(text))
    known = ", ".join(kind for kind in FaultKind if kind is not FaultKind.STATUS)
    raise InvalidRequest(
        f"Unknown fault {text!r}. Use one of {known}, or a status code from 400 to 599.",
        code="invalid_simulation",
        param="x-sim-fault",
    )


def inject_fault(
    script: Script, kind: FaultKind, after_tokens: int | None, pause_s: float | None
) -> Script:
    """Returns the script with the fault. `pause_s` None = until the client disconnects."""
    match kind:
        case FaultKind.SLOW_HEADERS:
            return _stalled(script, _DEFAULT_PAUSE_S if pause_s is None else pause_s, None)
        case FaultKind.RESET:
            return _ending(script, Ending.RESET, after_tokens)
        case FaultKind.STALL:
            return _stalled(script, pause_s, after_tokens)
        case FaultKind.CUT:
            return _ending(script, Ending.CUT, _middle(script, after_tokens))
        case FaultKind.MALFORMED:
            return _malformed(script, _middle(script, after_tokens))
        case _:  # only a stream has events; `huge` and `status` were applied before
            return _with_other_end(script, kind, after_tokens) if script.head_first else script


def _with_other_end(script: Script, kind: FaultKind, after_tokens: int | None) -> Script:
    """Returns the stream with a clean but wrong end."""
    if kind is FaultKind.NO_DONE:
        return replace(script, steps=script.steps[:-1])
    before, _ = _split(script, _middle(script, after_tokens))
    if kind is FaultKind.NO_FINISH:
        return replace(script, steps=before)
    if kind is FaultKind.ERROR_EVENT:
        return replace(script, steps=(*before, ScriptStep(script.errors.error)))
    return script


def _ending(script: Script, ending: Ending, after_tokens: int | None) -> Script:
    if after_tokens is None:
        return replace(script, steps=(), ending=ending, head_first=False)
    before, _ = _split(script, after_tokens)
    return replace(script, steps=before, ending=ending)


def _stalled(script: Script, pause_s: float | None, after_tokens: int | None) -> Script:
    if pause_s is None:
        return _ending(script, Ending.STALL, after_tokens)
    if after_tokens is None:
        return replace(
            script, steps=(ScriptStep(b"", pause_s=pause_s), *script.steps), head_first=False
        )
    before, after = _split(script, after_tokens)
    return replace(script, steps=(*before, ScriptStep(b"", pause_s=pause_s), *after))


def _malformed(script: Script, after_tokens: int) -> Script:
    before, after = _split(script, after_tokens)
    if script.head_first:
        return replace(script, steps=(*before, ScriptStep(script.errors.malformed), *after))
    return replace(script, steps=before, length=sum(len(step.data) for step in before))


def _middle(script: Script, after_tokens: int | None) -> int:
    total = sum(step.tokens for step in script.steps)
    return total // 2 if after_tokens is None else after_tokens


def _split(script: Script, tokens: int) -> tuple[tuple[ScriptStep, ...], tuple[ScriptStep, ...]]:
    """Splits the steps after that many tokens. A document is split by bytes."""
    if not script.head_first:
        return _split_document(script.steps, tokens)
    count = 0
    for index, step in enumerate(script.steps):
        if step.tokens and count >= tokens:
            return script.steps[:index], script.steps[index:]
        count += step.tokens
    # After the last token: the end of the stream is cut off, including `[DONE]`.
    last = max((i for i, step in enumerate(script.steps) if step.tokens), default=0)
    return script.steps[: last + 1], script.steps[last + 1 :]


def _split_document(
    steps: tuple[ScriptStep, ...], tokens: int
) -> tuple[tuple[ScriptStep, ...], tuple[ScriptStep, ...]]:
    """Splits at the share of the bytes that `tokens` is of all tokens. The first step of a
    document has all its tokens."""
    total = steps[0].tokens
    size = sum(len(step.data) for step in steps)
    share = min(tokens / total, 1) if total else 0.5
    left = min(max(1, int(size * share)), size - 1)
    for index, step in enumerate(steps):
        if left < len(step.data):
            before = (*steps[:index], replace(step, data=step.data[:left]))
            after = (ScriptStep(step.data[left:]), *steps[index + 1 :])
            first = replace(before[0], tokens=min(tokens, total))
            return (first, *before[1:]), after
        left -= len(step.data)
    return steps, ()
