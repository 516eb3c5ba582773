"""Writes a whole answer as the short document of a prediction, for the record of a stream."""

from typing import Any

import msgspec

from penstock.rules.neutral.answer import WholeAnswer
from penstock.rules.neutral.conversation import Text


def write_answer(answer: WholeAnswer) -> bytes:
    """Writes the only choice of an answer."""
    parts = answer.choices[0].parts if answer.choices else ()
    text = "".join(part.text for part in parts if isinstance(part, Text))
    document: dict[str, Any] = {"id": answer.id, "model": answer.model, "text": text}
    return msgspec.json.encode(document)
