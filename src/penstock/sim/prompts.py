"""The neutral reading of a chat request: all that decides the answer. Every format makes one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from penstock.sim.seeded_random import digest

TurnRole: TypeAlias = Literal["system", "user", "assistant", "tool"]

_MEDIA_TOKENS: Final = 85  # an image or audio part: as many as OpenAI's smallest image
STEP: Final = "x-sim-step"  # prescribes an answer: see `steps`
_CONTROL: Final = re.compile(rf"^(?!{STEP}:)(x-sim-[a-z-]+): *(\S.*?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PromptTurn:
    """A message, or the results of tools within one. `calls_size` counts the characters of its
    tool calls, `media` its images, sounds and documents."""

    role: TurnRole
    texts: Sequence[str] = ()
    calls_size: int = 0
    media: int = 0

    @property
    def tokens(self) -> int:
        """4, plus 1 per 4 characters (rounded up) of each text and of the calls, plus media."""
        texts = sum(quarter(len(text)) for text in self.texts)
        return 4 + texts + quarter(self.calls_size) + self.media * _MEDIA_TOKENS


@dataclass(frozen=True, slots=True)
class SimTool:
    """A tool that the model may call. `schema` is the JSON schema of its arguments."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SimPrompt:
    """A chat request. `identity` holds what seeds the answer, besides the simulator's seed.

    `schema`: the answer is a document of this schema; an empty one means any JSON object.
    `reasoning_tokens`: how much to reason; None = the format or the model does not reason.
    """

    model: str
    identity: Sequence[bytes | str]
    turns: Sequence[PromptTurn]
    tools: Sequence[SimTool] = ()
    tools_size: int = 0
    tool_use: Literal["auto", "none", "required"] = "auto"
    parallel_calls: bool = True
    schema: Mapping[str, Any] | None = None
    limit: int | None = None
    stops: Sequence[str] = ()
    choices: int = 1
    reasoning_tokens: int | None = None
    shows_reasoning: bool = False

    @property
    def tokens(self) -> int:
        """The prompt's tokens: 3, plus those of the turns and the tools."""
        return turns_tokens(self.turns) + quarter(self.tools_size)

    @property
    def question(self) -> str:
        """The text of the last user turns."""
        texts: list[str] = []
        for turn in reversed(self.turns):
            if turn.role == "user":
                texts[:0] = turn.texts
            elif texts:
                break
        return "\n".join(texts)

    @property
    def has_results(self) -> bool:
        """True if the last turn is a tool's result."""
        return bool(self.turns) and self.turns[-1].role == "tool"

    def key(self, seed: int | None) -> bytes:
        """Returns 16 bytes that seed the answer."""
        return digest(str(seed), *self.identity)

    def controls(self) -> dict[str, str]:
        """The options that system turns and the last user turn contain, one per line:
        `x-sim-fault: cut`. Those of the user take precedence."""
        system = (text for turn in self.turns if turn.role == "system" for text in turn.texts)
        found: dict[str, str] = {}
        for text in (*system, self.question):
            if "x-sim-" in text:
                found.update(_CONTROL.findall(text))
        return found


def turns_tokens(turns: Sequence[PromptTurn]) -> int:
    """Counts 3, plus the tokens of each turn."""
    return 3 + sum(turn.tokens for turn in turns)


def quarter(characters: int) -> int:
    """Returns the tokens of that many characters: 1 per 4, rounded up."""
    return (characters + 3) // 4
