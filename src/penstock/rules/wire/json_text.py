"""JSON from outside: one way to decode it, and one kind of error for all that is not JSON."""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def decode_json(decoder: msgspec.json.Decoder[T], document: bytes) -> T:
    """`document` as the decoder's type. Looks at the strings that the decoder makes and no others.

    `msgspec.ValidationError` for JSON of another shape. `msgspec.DecodeError` for what is not
    JSON: also for invalid UTF-8 and for nesting that is too deep.
    """
    try:
        return decoder.decode(document)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"invalid UTF-8: {error.reason}") from None
    except RecursionError:
        raise msgspec.DecodeError("nested too deeply") from None


def decode_whole_json(decoder: msgspec.json.Decoder[T], document: bytes) -> T:
    """The same, and invalid UTF-8 anywhere in `document` is an error, also in skipped members."""
    try:
        if not document.isascii():  # nearly free; most answers stop here
            document.decode()
        return decoder.decode(document)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"invalid UTF-8: {error.reason}") from None
    except RecursionError:
        raise msgspec.DecodeError("nested too deeply") from None
