"""Answers that the prompt prescribes: the turns of an agent, step by step. Pure.

A user message has lines `x-sim-step: {…}`. The first line is the answer to the message, the second
the answer to the results of its tools, and so on.
"""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.sim.prompts import STEP, PromptTurn

_LINE: Final = re.compile(rf"^{STEP}: *(\{{.*\}}) *$", re.MULTILINE)


class SimStepCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call of a tool."""

    name: str
    arguments: dict[str, Any] = {}


class SimStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer: a text, or calls of tools."""

    text: str = ""
    calls: list[SimStepCall] = []


_decode: Final = msgspec.json.Decoder(SimStep).decode


def find_step(turns: Sequence[PromptTurn]) -> SimStep | None:
    """Returns the step of this turn: as many steps of the last user message that has some are done
    as answers follow it. None = it has none left. Raises `InvalidRequest` for an invalid one."""
    for at in range(len(turns) - 1, -1, -1):
        if turns[at].role == "user" and any(STEP in text for text in turns[at].texts):
            lines = [line for text in turns[at].texts for line in _LINE.findall(text)]
            done = [role for role, _ in groupby(turn.role for turn in turns[at:])]
            return _read(lines, done.count("assistant"))
    return None


def _read(lines: Sequence[str], at: int) -> SimStep | None:
    if at >= len(lines):
        return None
    try:
        return _decode(lines[at])
    except msgspec.DecodeError as error:
        raise InvalidRequest(
            f"Invalid {STEP} {at + 1}: {error}", code="invalid_simulation", param=STEP
        ) from None
