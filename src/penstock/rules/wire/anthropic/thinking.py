"""Decides how a request asks Anthropic to think, and which sampling it may have then."""

from typing import Any, Final, NamedTuple

from penstock.rules.neutral.conversation import (
    Conversation,
    MessageRole,
    Reasoning,
    ReasoningOptions,
    ToolCall,
    ToolMode,
)
from penstock.rules.neutral.translation import Changes
from penstock.rules.wire.anthropic.blocks import DIALECT
from penstock.rules.wire.anthropic.models import needs_budget, takes_sampling

MIN_BUDGET: Final = 1024  # tokens; Anthropic's minimum
MIN_TOP_P: Final = 0.95  # Anthropic's minimum while the model thinks
_MEDIUM: Final = 8192
_BUDGETS: Final = {"minimal": MIN_BUDGET, "low": 2048, "medium": _MEDIUM, "high": 16384}
_LARGEST: Final = 32000
_EFFORTS: Final = ((4096, "low"), (16384, "medium"))


class Thought(NamedTuple):
    """The members `thinking` and `output_config.effort`; `None` for absent ones."""

    thinking: dict[str, Any] | None = None
    effort: str | None = None

    @property
    def active(self) -> bool:
        """True if the model is asked to think."""
        return self.thinking is not None and self.thinking["type"] != "disabled"


def choose_thinking(
    conversation: Conversation, model: str, max_tokens: int, changes: Changes
) -> Thought:
    """Chooses what the model accepts, and notes what differs from the request."""
    options = conversation.reasoning
    if options is None:
        return Thought()
    own = conversation.dialect == DIALECT
    if options.effort == "none" or options.budget == 0:
        return Thought({"type": "disabled"}, _own_effort(options) if own else None)
    if own:
        chosen = _as_said(options)
    elif needs_budget(model):
        chosen = Thought(_enabled(_budget(options, max_tokens, changes)))
    else:
        chosen = Thought({"type": "adaptive"}, _effort(options, changes))
    if chosen.active and _must_not_think(conversation, chosen, own=own):
        changes.change("reasoning")
        chosen = chosen._replace(thinking=None)
    if chosen.active and options.summary is not None:
        display = "summarized" if options.summary else "omitted"
        return chosen._replace(thinking={**(chosen.thinking or {}), "display": display})
    if options.summary is not None:
        changes.drop("reasoning.summary")
    return chosen


class Sampling(NamedTuple):
    """The members of these names; `None` for absent ones."""

    temperature: float | None = None
    top_p: float | None = None


def choose_sampling(
    conversation: Conversation, model: str, thought: Thought, changes: Changes
) -> Sampling:
    """Chooses what the model accepts, and notes what differs from the request. Current models take
    one of the two; a model that thinks takes few values."""
    temperature, top_p = conversation.temperature, conversation.top_p
    if conversation.dialect == DIALECT:
        return Sampling(temperature, top_p)
    if temperature is not None and temperature > 1:
        changes.change("temperature")
        temperature = 1.0
    accepts = takes_sampling(model)
    if temperature is not None and not (accepts and (temperature == 1 or not thought.active)):
        changes.drop("temperature")
        temperature = None
    alone = accepts and temperature is None
    if top_p is not None and not (alone and (top_p >= MIN_TOP_P or not thought.active)):
        changes.drop("top_p")
        top_p = None
    return Sampling(temperature, top_p)


def _own_effort(options: ReasoningOptions) -> str | None:
    return options.effort if options.effort not in ("", "none") else None


def _as_said(options: ReasoningOptions) -> Thought:
    """The options of an Anthropic client, unchanged."""
    effort = _own_effort(options)
    if options.budget is None:
        return Thought(None, effort)
    return Thought({"type": "adaptive"} if options.budget < 0 else _enabled(options.budget), effort)


def _enabled(budget: int) -> dict[str, Any] | None:
    return {"type": "enabled", "budget_tokens": budget} if budget else None


def _budget(options: ReasoningOptions, max_tokens: int, changes: Changes) -> int:
    """The tokens to think with; zero if `max_tokens` leaves too few."""
    wanted = options.budget
    if wanted is None or wanted < 0:
        changes.change("reasoning.effort")
        wanted = _BUDGETS.get(options.effort, _LARGEST) if options.effort else _MEDIUM
    budget = min(max(wanted, MIN_BUDGET), max_tokens - 1)
    if budget != wanted:
        changes.change("reasoning.budget")
    return budget if budget >= MIN_BUDGET else 0


def _effort(options: ReasoningOptions, changes: Changes) -> str | None:
    if options.effort == "minimal":
        changes.change("reasoning.effort")
        return "low"
    if options.effort or options.budget is None or options.budget < 0:
        return options.effort or None
    changes.change("reasoning.budget")
    budget = options.budget
    return next((name for limit, name in _EFFORTS if budget <= limit), "high")


def _must_not_think(conversation: Conversation, chosen: Thought, *, own: bool) -> bool:
    """True if a tool must be called, which excludes thinking; and if the model must go on after
    tool calls whose thinking is lost, for which only adaptive thinking is possible."""
    choice = conversation.tool_choice
    if not own and choice is not None and choice.mode is ToolMode.REQUIRED and conversation.tools:
        return True
    manual = chosen.thinking is not None and chosen.thinking["type"] == "enabled"
    return manual and _thinking_is_lost(conversation)


def _thinking_is_lost(conversation: Conversation) -> bool:
    for message in reversed(conversation.messages):
        if message.role is MessageRole.ASSISTANT:
            calls = any(isinstance(part, ToolCall) for part in message.parts)
            return calls and not any(is_own(part) for part in message.parts)
    return False


def is_own(part: object) -> bool:
    """True for reasoning that Anthropic made and accepts back."""
    if not isinstance(part, Reasoning) or part.dialect != DIALECT:
        return False
    return bool(part.signature or part.encrypted)
