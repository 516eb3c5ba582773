"""What a run measures: a release that is called, or outputs that are there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast
from urllib.parse import quote

import msgspec

from penstock.features.evaluations.model import EvaluationRun, Result, ResultState, TargetAnswer
from penstock.features.evaluations.work.calls import RejectedCall, RunCalls, answer_of
from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.releases.served import ReleaseSection, ServedRelease
from penstock.rules.replay import SENT_RELEASE
from penstock.rules.scores.vocabulary import ScoreState
from penstock.rules.tags import HEADER
from penstock.spi.surface import Surface

_OWN_NAMES: Final = frozenset(("messages", "variables"))


class EvaluationTarget(Protocol):
    """Answers items."""

    async def answer(self, item: DatasetItem, repeat: int, earlier: Result | None) -> TargetAnswer:
        """Raises `RejectedCall` if there can be no answer, `PenstockError` if none came."""
        ...


@dataclass(frozen=True, slots=True)
class RecordedTarget:
    """Outputs that were given before: with the items, or uploaded to the ledger."""

    field: str

    async def answer(self, item: DatasetItem, repeat: int, earlier: Result | None) -> TargetAnswer:
        """Returns the recorded output. Raises `UpstreamFailed` if none came where it was
        recorded."""
        if not self.field:
            if earlier is None:
                raise RejectedCall("No output was uploaded for this item and repeat.")
            if earlier.answer.error:
                raise UpstreamFailed(earlier.answer.error)
            return earlier.answer
        found = item.metadata.get(self.field)
        if isinstance(found, list) and repeat < len(cast("list[object]", found)):
            found = cast("list[object]", found)[repeat]
        if not isinstance(found, str):
            raise RejectedCall(f"The item's metadata has no text {self.field!r}.")
        return TargetAnswer(output=found)


class ReleaseTarget:
    """Calls a release with each item. The request is written as gateways write it for a use case,
    in OpenAI's format."""

    def __init__(
        self, run: EvaluationRun, section: ReleaseSection, surface: Surface, calls: RunCalls
    ) -> None:
        self._run = run
        self._release = ServedRelease.of(section)
        self._variables = tuple(section.prompt.variables) if section.prompt else ()
        self._surface = surface
        self._calls = calls

    async def answer(self, item: DatasetItem, repeat: int, earlier: Result | None) -> TargetAnswer:
        """Calls the release."""
        del earlier
        return await self.reply(item, repeat, ())

    def opening(self, item: DatasetItem) -> tuple[dict[str, Any], ...]:
        """Returns the messages of an item. Raises `RejectedCall`."""
        try:
            return tuple(self._input(item.input)[0])
        except InvalidRequest as error:
            raise RejectedCall(error.sentence()) from error

    async def reply(
        self, item: DatasetItem, repeat: int, further: Sequence[dict[str, Any]]
    ) -> TargetAnswer:
        """Calls the release with the messages of an item and further ones after them."""
        try:
            body = self._request(item, further)
        except InvalidRequest as error:
            raise RejectedCall(error.sentence()) from error
        tags = f"eval_run={self._run.id},eval_item={quote(item.id)},eval_repeat={repeat}"
        headers = {
            "idempotency-key": self._run.idempotency_key(item.id, repeat, len(further)),
            HEADER: tags,
            SENT_RELEASE.decode(): self._release.digest,
        }
        return answer_of(await self._calls.ask(body, headers))

    def _request(self, item: DatasetItem, further: Sequence[dict[str, Any]]) -> bytes:
        release = self._release
        if release.failure:
            raise InvalidRequest(release.failure)
        messages, variables = self._input(item.input)
        asked = {"model": release.model, "messages": [*messages, *further]}
        document = msgspec.json.encode(asked)
        conversation = release.apply(self._surface.read_conversation(document), variables)
        head = RequestHead(release.model)
        return self._surface.write_conversation(conversation, release.model, head).body

    def _input(self, given: Any) -> tuple[list[Any], Mapping[str, Any]]:
        """The messages and variables of an item. A text is a message of the user, or the only
        variable of a prompt that takes no messages."""
        match given:
            case str():
                takes_messages = self._release.prompt is None or self._release.placeholder
                if not takes_messages and len(self._variables) == 1:
                    return [], {self._variables[0]: given}
                return [{"role": "user", "content": given}], {}
            case list():
                return cast("list[Any]", given), {}
            case dict():
                named = cast("dict[str, Any]", given)
                if named and named.keys() <= _OWN_NAMES:
                    return named.get("messages") or [], named.get("variables") or {}
                return [], named
            case _:
                raise InvalidRequest(
                    "The input of this item is no text, list of messages, or object of variables."
                )


def is_finished(result: Result | None, round_: int, names: frozenset[str]) -> bool:
    """Returns whether a row needs no more work by these evaluators in this round of the run."""
    if result is None or result.state is ResultState.ANSWERED:
        return False
    if result.round >= round_:
        return True
    return result.state is not ResultState.FAILED and names.isdisjoint(unmeasured_of(result))


def unmeasured_of(result: Result) -> frozenset[str]:
    """Returns the evaluators whose models did not answer: a resume asks them again."""
    lost = ScoreState.INFRASTRUCTURE_ERROR
    return frozenset(name for name, each in result.measurements.items() if each.state is lost)
