"""The documents that say what labels become."""

from typing import Any

from pydantic import BaseModel

from penstock.features.annotation.model.ports import PromptDraft
from penstock.features.annotation.service.uses import MadeExamples
from penstock.rules.evaluation.items import DatasetItem


class MadeExamplesView(BaseModel):
    """The version with the examples. `undecided` items have no final label, and stayed out."""

    dataset: str
    version: int
    changed: int
    undecided: int

    @classmethod
    def of(cls, made: MadeExamples) -> "MadeExamplesView":
        return cls(**{name: getattr(made, name) for name in cls.model_fields})


class ExampleView(BaseModel):
    """An example as a dataset would have it."""

    id: str
    input: Any
    expected: Any
    context: list[str]
    metadata: dict[str, Any]

    @classmethod
    def of(cls, item: DatasetItem) -> "ExampleView":
        fields: dict[str, Any] = {name: getattr(item, name) for name in cls.model_fields}
        fields["context"] = list(item.context)
        return cls(**fields)


class DraftMessageView(BaseModel):
    """A message of a prompt; `added`: it is of the correction."""

    role: str
    text: str
    added: bool


class DraftedPromptView(BaseModel):
    """The version of the prompt, which has no label; in a preview that on which it builds."""

    prompt_id: str
    version: int
    messages: list[DraftMessageView]

    @classmethod
    def of(cls, draft: PromptDraft) -> "DraftedPromptView":
        return cls(
            prompt_id=draft.prompt_id,
            version=draft.version,
            messages=[
                DraftMessageView(role=each.role, text=each.text, added=each.added)
                for each in draft.messages
            ],
        )


class QueueEvaluatorView(BaseModel):
    """An evaluator for a run, as its file has it."""

    name: str
    kind: str
    options: dict[str, Any]
