"""The input of a tool call: an object in Anthropic's format, JSON text in the neutral form."""

from typing import Any, Final

import msgspec

from penstock.rules.formats.json_text import decode_json

_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def write_input(arguments: str) -> tuple[Any, bool]:
    """Returns the arguments as an object, and true if they were one.

    Others are wrapped as Anthropic recommends:
    https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
    """
    encoded = (arguments or "{}").encode("utf-8", "replace")
    try:
        decode_json(_object, encoded)
    except msgspec.DecodeError:
        return {"INVALID_JSON": arguments}, False
    return msgspec.Raw(encoded), True
