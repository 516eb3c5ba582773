"""What labels of annotators become in datasets and prompts."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from penstock.features.access import Principal
from penstock.features.annotation.model.ports import DraftMessage, PromptDraft
from penstock.features.datasets.service.changes import DatasetChange, DatasetChanges
from penstock.features.datasets.service.datasets import DatasetService
from penstock.features.prompts.model import NewVersion
from penstock.features.prompts.service.prompts import PromptService
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.prompts.documents import PromptContent, PromptMessage


@dataclass(frozen=True, slots=True)
class LabelledExamples:
    """`features.annotation.model.ports.AddExamples`."""

    datasets: DatasetService
    changes: DatasetChanges

    def __call__(
        self, actor: Principal, project_id: str, dataset: str, items: Sequence[DatasetItem]
    ) -> tuple[int, int]:
        """Adds examples to a dataset, which is made if there is none."""
        try:
            self.datasets.get(project_id, dataset)
        except NotFound:
            self.datasets.add(actor, project_id, dataset, description="Labels of annotators")
        change = DatasetChange(items=items, message="Labels of annotators")
        done = self.changes.change(actor, project_id, dataset, change)
        return done.version.version, done.counts.added + done.counts.changed


@dataclass(frozen=True, slots=True)
class CorrectedPrompts:
    """`features.annotation.model.ports.PromptDrafts`."""

    prompts: PromptService

    def preview(self, project_id: str, prompt: str, asked: str, answer: str) -> PromptDraft:
        """Returns the latest version, with the correction as an example."""
        latest = self.prompts.resolve(project_id, prompt, "latest")
        before = latest.version.content
        messages = _messages(before, with_example(before, asked, answer))
        return PromptDraft(latest.prompt.id, latest.version.head.number, messages)

    def save(
        self, actor: Principal, project_id: str, prompt: str, asked: str, answer: str
    ) -> PromptDraft:
        """Saves a version without a label: the latest one, with the correction as an example."""
        latest = self.prompts.resolve(project_id, prompt, "latest")
        content = with_example(latest.version.content, asked, answer)
        new = NewVersion(content, latest.version.head.digest, "Example from a correction")
        saved, version = self.prompts.save(actor, project_id, latest.prompt.id, new)
        messages = _messages(latest.version.content, content)
        return PromptDraft(saved.id, version.head.number, messages)


def _messages(before: PromptContent, after: PromptContent) -> Sequence[DraftMessage]:
    first = _place_of_example(before)
    last = first + len(after.messages) - len(before.messages)
    return [
        DraftMessage(each.role, each.content or f"[{each.placeholder}]", first <= at < last)
        for at, each in enumerate(after.messages)
    ]


def with_example(content: PromptContent, asked: str, answer: str) -> PromptContent:
    """Returns a chat prompt with one more example: a question and its answer, before the last
    message of the user. Raises `InvalidRequest` for a text, which has no messages."""
    if content.kind != "chat":
        raise InvalidRequest(
            "A prompt that is a text has no place for an example.", hint="Use a chat prompt."
        )
    place = _place_of_example(content)
    example = (
        PromptMessage("user", _as_it_is(asked)),
        PromptMessage("assistant", _as_it_is(answer)),
    )
    messages = (*content.messages[:place], *example, *content.messages[place:])
    return replace(content, messages=messages)


def _place_of_example(content: PromptContent) -> int:
    """Returns where an example goes: before the last message of the user, or at the end."""
    users = [at for at, each in enumerate(content.messages) if each.role == "user"]
    return users[-1] if users else len(content.messages)


def _as_it_is(text: str) -> str:
    """A template that renders as this text: its braces begin no expression."""
    if not any(each in text for each in ("{{", "{%", "{#")):
        return text
    return text.replace("{", "{{ '{' }}")
