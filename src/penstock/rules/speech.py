"""The text of a request for speech, in OpenAI's format. Some models are billed by its characters,
which their answers, audio, do not count."""

from typing import Final

import msgspec

from penstock.rules.call import Usage, UsageSource
from penstock.rules.formats.json_text import decode_json


class _Speech(msgspec.Struct):
    input: str = ""


_decoder: Final = msgspec.json.Decoder(_Speech)


def count_characters(body: bytes) -> int:
    """Returns the number of characters of the text; 0 for what is no request for speech."""
    try:
        return len(decode_json(_decoder, body).input)
    except msgspec.DecodeError:
        return 0


def estimate_speech(body: bytes) -> Usage | None:
    """Returns the usage of an answer that counts nothing; `None` for a request without a text."""
    count = count_characters(body)
    return Usage(input_characters=count, source=UsageSource.ESTIMATED) if count else None
