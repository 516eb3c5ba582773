"""Writes a neutral conversation as a prediction of Replicate."""

from typing import Any, Final

import msgspec

from penstock.rules.neutral.conversation import Conversation
from penstock.rules.neutral.translation import Written
from penstock.rules.wire import plain_prompt
from penstock.rules.wire.openai.fields import edit_fields

DIALECT: Final = "replicate"
_SOURCE: Final = "https://replicate.com/docs/topics/predictions/create-a-prediction"
RULES: Final = tuple([rule._replace(source=_SOURCE) for rule in plain_prompt.RULES])


def write_request(
    conversation: Conversation,
    model: str,
    *,
    stream: bool,
    transcript: bool = False,
    renamed: str = "",
    dropped: str = "",
) -> Written:
    """Writes the request. `model` is `owner/name`, with `:version` for a model that is not
    official, or the id of a version. `renamed` and `dropped` edit the members of the input
    (`edit_fields`): each model has its own. Raises `InvalidRequest` (`RULES`)."""
    prompt = plain_prompt.read_prompt(conversation, transcript=transcript)
    system = {"system_prompt": prompt.system} if prompt.system else {}
    members = {"prompt": prompt.text, **system, **prompt.options}
    plain = Written(msgspec.json.encode(members), prompt.changes.all())
    edited = edit_fields(plain, renamed, dropped)
    body: dict[str, Any] = {"version": model, "input": msgspec.Raw(edited.body)}
    if stream:
        body["stream"] = True
    return Written(msgspec.json.encode(body), edited.changes)
