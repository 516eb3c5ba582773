"""Writes a neutral conversation as a request of Triton's generate extension.

The extension says where the text stands; each backend has its own options and places for them.
"""

from typing import Any, Final

import msgspec

from penstock.rules.neutral.conversation import Conversation
from penstock.rules.neutral.translation import Written
from penstock.rules.wire import plain_prompt
from penstock.rules.wire.openai.fields import edit_fields

DIALECT: Final = "triton"
_SOURCE: Final = (
    "https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/"
    "extension_generate.html"
)
RULES: Final = tuple([rule._replace(source=_SOURCE) for rule in plain_prompt.RULES])
_OF_VLLM: Final = (
    *("exclude_input_in_output", "return_finish_reason"),
    *("return_num_input_tokens", "return_num_output_tokens"),
)


def write_request(
    conversation: Conversation,
    model: str,  # noqa: ARG001 - it is in the path
    *,
    stream: bool,
    backend: str = "",
    transcript: bool = False,
    renamed: str = "",
    dropped: str = "",
) -> Written:
    """Writes the request. `renamed` and `dropped` edit the options (`edit_fields`). Raises
    `InvalidRequest` (`RULES`)."""
    prompt = plain_prompt.read_prompt(conversation, transcript=transcript)
    text = prompt.text
    if prompt.system:
        prompt.changes.change("system")
        text = f"{prompt.system}\n\n{text}"
    plain = Written(msgspec.json.encode(prompt.options), prompt.changes.all())
    edited = edit_fields(plain, renamed, dropped)
    options = msgspec.json.decode(edited.body, type=dict[str, msgspec.Raw])
    body: dict[str, Any] = {"text_input": text}
    match backend:
        case "tensorrtllm":
            body |= {"bad_words": "", "stop_words": "", "stream": stream, **options}
        case "vllm":
            body |= {"parameters": {"stream": stream, **options}, **dict.fromkeys(_OF_VLLM, True)}
        case _:
            body |= {"parameters": options} if options else {}
    return Written(msgspec.json.encode(body), edited.changes)
