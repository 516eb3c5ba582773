"""The members of a request of the Responses API that are read beside those of all OpenAI's formats.
One pass reads them and skips all else."""

from typing import Final, NamedTuple

import msgspec

from penstock.rules.formats.json_text import decode_json

_SCHEMA: Final = b"json_schema"
_NONE: Final = (b"", b"null")


class ResponseHead(NamedTuple):
    """`continues`: it names a response or a conversation, also as null. `in_conversation`: it names
    a conversation. `background`: its answer is wanted later. `echo`: its member `text` with a
    schema, which the answer repeats: clients find their schema by it."""

    continues: bool
    in_conversation: bool
    background: bool
    echo: bytes


class _Members(msgspec.Struct):
    previous_response_id: msgspec.Raw = msgspec.Raw()
    conversation: msgspec.Raw = msgspec.Raw()
    background: msgspec.Raw = msgspec.Raw()
    text: msgspec.Raw = msgspec.Raw()


_members: Final = msgspec.json.Decoder(_Members)


def read_response_head(body: bytes) -> ResponseHead:
    """Reads a request whose other members were read."""
    found = decode_json(_members, body)
    conversation, text = bytes(found.conversation), bytes(found.text)
    return ResponseHead(
        bool(bytes(found.previous_response_id) or conversation),
        conversation not in _NONE,
        bytes(found.background) == b"true",
        text if _SCHEMA in text else b"",
    )
