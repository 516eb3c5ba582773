"""A target of several turns: a model plays the user and talks with a release."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from penstock.features.evaluations.model import Result, ResultState, SimulatedUser, TargetAnswer
from penstock.features.evaluations.work.calls import RejectedCall
from penstock.features.evaluations.work.targets import ReleaseTarget
from penstock.kernel.errors import PenstockError
from penstock.rules.evaluation.items import DatasetItem
from penstock.spi.evaluator import JudgeModels, JudgeQuestion

_RULES: Final = (
    "You play the user in a conversation with an assistant. Write only the next message of the "
    "user. Write {stop} once the user has reached the goal or would give up."
)
_ROLES: Final = {"assistant": "user", "user": "assistant"}


@dataclass(frozen=True, slots=True)
class ConversationTarget:
    """Talks about each item: its input is the first message of the user. A conversation that breaks
    off is kept as far as it came, and a resume goes on with it."""

    release: ReleaseTarget
    user: SimulatedUser
    models: JudgeModels

    async def answer(self, item: DatasetItem, repeat: int, earlier: Result | None) -> TargetAnswer:
        """Returns the last answer with the whole conversation. If a later turn fails, its `error`
        says so."""
        opening = self.release.opening(item)
        so_far = TargetAnswer(messages=opening)
        if earlier is not None and earlier.state is ResultState.FAILED and earlier.answer.messages:
            so_far = replace(earlier.answer, error="")
        try:
            while not self._is_over(so_far, len(opening)):
                so_far = await self._next(item, repeat, so_far, len(opening))
        except RejectedCall:
            raise
        except PenstockError as error:
            if len(so_far.messages) == len(opening):  # nothing to keep
                raise
            return replace(so_far, error=error.sentence())
        return so_far

    def _is_over(self, so_far: TargetAnswer, opening: int) -> bool:
        """Returns whether the user has stopped, or the assistant has answered often enough."""
        added = so_far.messages[opening:]
        turns = sum(each["role"] == "assistant" for each in added)
        return so_far.stopped or (turns >= self.user.max_turns and _is_answered(so_far))

    async def _next(
        self, item: DatasetItem, repeat: int, so_far: TargetAnswer, opening: int
    ) -> TargetAnswer:
        """Returns the conversation with one more message."""
        added = so_far.messages[opening:]
        if not added or not _is_answered(so_far):
            found = await self.release.reply(item, repeat, added)
            return _with_answer(so_far, found)
        said = await self.models.ask(
            JudgeQuestion(self.user.model, self._asked(item, so_far.messages), repeat=repeat)
        )
        paid = so_far.user_cost_usd + said.cost_usd
        if self.user.stop in said.text:
            return replace(so_far, user_cost_usd=paid, stopped=True)
        message = {"role": "user", "content": said.text}
        return replace(so_far, messages=(*so_far.messages, message), user_cost_usd=paid)

    def _asked(
        self, item: DatasetItem, messages: Sequence[dict[str, Any]]
    ) -> tuple[dict[str, Any], ...]:
        """Returns the conversation as the model that plays the user sees it: roles exchanged."""
        of_item = item.metadata.get(self.user.field) if self.user.field else None
        parts = [_RULES.format(stop=self.user.stop), self.user.instructions]
        parts += [of_item] if isinstance(of_item, str) else []
        seen = [
            {"role": _ROLES[each["role"]], "content": each["content"]}
            for each in messages
            if each["role"] in _ROLES and isinstance(each.get("content"), str)
        ]
        return {"role": "system", "content": "\n\n".join(parts)}, *seen


def _is_answered(so_far: TargetAnswer) -> bool:
    return bool(so_far.messages) and so_far.messages[-1]["role"] == "assistant"


def _with_answer(so_far: TargetAnswer, found: TargetAnswer) -> TargetAnswer:
    """Returns the conversation with an answer of the release; figures are of all turns."""
    first = not so_far.output and not so_far.trace_id
    names = ("latency_ms", "cost_usd", "input_tokens", "output_tokens")
    sums = {
        name: getattr(found, name) if first else _sum(getattr(so_far, name), getattr(found, name))
        for name in names
    }
    return replace(
        found,
        messages=(*so_far.messages, {"role": "assistant", "content": found.output}),
        tool_calls=(*so_far.tool_calls, *found.tool_calls),
        user_cost_usd=so_far.user_cost_usd,
        **sums,
    )


def _sum(one: float | None, other: float | None) -> float | None:
    """Returns the sum; what is unknown in part is unknown."""
    return None if one is None or other is None else one + other
