"""JSON documents as scripts. A huge text is written piece by piece: one piece is in memory."""

from typing import Any, Final

import msgspec

from penstock.sim.answers import Answer, Choice
from penstock.sim.script import Script, ScriptStep

_PLACE: Final = (
    b'"\\u0000huge\\u0000"'  # stands for a huge text in a document; no generated text contains it
)


def text_value(choice: Choice) -> str | msgspec.Raw:
    """Returns the text of a choice, for a document that `answer_script` writes."""
    return msgspec.Raw(_PLACE) if choice.huge else "".join(choice.text)


def answer_script(answer: Answer, document: Any) -> Script:
    """The script of an answer's document, sent when all its tokens are generated."""
    first, *rest = msgspec.json.encode(document).split(_PLACE)
    steps = [ScriptStep(first, tokens=answer.completion_tokens)]
    for part in rest:
        pieces = answer.choices[0].text
        inside = ScriptStep(msgspec.json.encode(pieces[0])[1:-1])
        steps += [ScriptStep(b'"'), *[inside] * len(pieces), ScriptStep(b'"'), ScriptStep(part)]
    length = sum(len(step.data) for step in steps)
    return Script(b"application/json", tuple(steps), head_first=False, length=length)


def document_script(value: object) -> Script:
    """Returns the script of a JSON document without tokens."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Script(b"application/json", (ScriptStep(body),), head_first=False, length=len(body))
