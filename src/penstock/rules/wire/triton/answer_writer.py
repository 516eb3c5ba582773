"""Writes a whole answer in the shape of Triton's generate extension, for the record of a stream."""

from typing import Any

import msgspec

from penstock.rules.neutral.answer import FinishReason, WholeAnswer
from penstock.rules.neutral.conversation import Text


def write_answer(answer: WholeAnswer) -> bytes:
    """Writes the only choice of an answer."""
    choice = answer.choices[0] if answer.choices else None
    parts = choice.parts if choice else ()
    text = "".join(part.text for part in parts if isinstance(part, Text))
    document: dict[str, Any] = {"model_name": answer.model, "text_output": text}
    if choice is not None and choice.reason is FinishReason.LENGTH:
        document["finish_reason"] = "length"
    if answer.usage is not None:
        document["num_input_tokens"] = answer.usage.input_tokens
        document["num_output_tokens"] = answer.usage.output_tokens
    return msgspec.json.encode(document)
