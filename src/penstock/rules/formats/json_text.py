"""Decodes JSON from outside, with one kind of error for everything that is not JSON."""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def decode_json(decoder: msgspec.json.Decoder[T], document: bytes) -> T:
    """Decodes `document`. Validates only the strings that the decoder reads.

    Raises `msgspec.ValidationError` for JSON of another shape, and `msgspec.DecodeError` for
    anything else: malformed JSON, invalid UTF-8, too deep nesting.
    """
    try:
        return decoder.decode(document)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"invalid UTF-8: {error.reason}") from None
    except RecursionError:
        raise msgspec.DecodeError("nested too deeply") from None


def decode_whole_json(decoder: msgspec.json.Decoder[T], document: bytes) -> T:
    """The same, but invalid UTF-8 anywhere in `document` is an error, also in skipped members."""
    try:
        if not document.isascii():  # nearly free; most answers stop here
            document.decode()
        return decoder.decode(document)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"invalid UTF-8: {error.reason}") from None
    except RecursionError:
        raise msgspec.DecodeError("nested too deeply") from None
