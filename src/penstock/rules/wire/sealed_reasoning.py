"""Carries a provider's reasoning through clients whose format has no place for it.

A provider wants its reasoning back, unchanged, with the tool calls that followed it. A client of
another dialect returns standard fields only: the signature of a reasoning part, or the id of a tool
call. What goes out there is *sealed*: a mark, and the part as compressed JSON. What comes back is
unsealed when the request is read.
"""

import base64
import binascii
import zlib
from typing import Final

import msgspec

from penstock.rules.neutral.conversation import Part, Reasoning, ToolCall

MARK: Final = "~penstock~"
MAX_SEALED_BYTES: Final = 256 * 1024  # of the JSON inside; a larger one is not sealed
_MARK_BYTES: Final = MARK.encode()
_encoder: Final = msgspec.json.Encoder()


class _Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """`call` is the signature of the tool call itself; `before` the reasoning before it."""

    before: tuple[Reasoning, ...] = ()
    call: str = ""


def seal_call(call: ToolCall, before: tuple[Reasoning, ...]) -> str:
    """Returns an id for `call` that contains its signature and the reasoning before it."""
    if not (call.signature or before):
        return call.id
    packed = _pack(_Sealed(before, call.signature))
    return call.id + packed if packed else call.id


def unseal_call(call: ToolCall) -> list[Part]:
    """Returns the reasoning before `call`, and `call` with its own id and signature."""
    id_, mark, packed = call.id.partition(MARK)
    if not mark:
        return [call]
    sealed = _unpack(packed) or _Sealed()
    plain = ToolCall(id_, call.name, call.arguments, sealed.call, call.cache)
    return [*sealed.before, plain]


def unseal_call_id(id_: str) -> str:
    """Returns the id that the provider gave to the call, for the call's result."""
    return id_.partition(MARK)[0]


def seal_reasoning(reasoning: Reasoning) -> str:
    """Returns a signature that contains the whole part."""
    return _pack(_Sealed((reasoning,)))


def unseal_reasoning(signature: str) -> Reasoning | None:
    """Returns the part inside a sealed signature; `None` if it is not sealed."""
    prefix, mark, packed = signature.partition(MARK)
    if prefix or not mark:
        return None
    sealed = _unpack(packed)
    return sealed.before[0] if sealed is not None and sealed.before else None


def is_sealed(body: bytes) -> bool:
    """Returns true if a request contains something sealed: then it must be read and written."""
    return body.find(b"~") >= 0 and body.find(_MARK_BYTES) >= 0  # one byte is found much faster


def _pack(sealed: _Sealed) -> str:
    document = _encoder.encode(sealed)
    if len(document) > MAX_SEALED_BYTES:
        return ""
    return MARK + base64.urlsafe_b64encode(zlib.compress(document)).decode("ascii").rstrip("=")


def _unpack(packed: str) -> _Sealed | None:
    """Reads what a client returned; `None` if it is cut or altered, or inflates too much."""
    try:
        compressed = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        inflater = zlib.decompressobj()
        document = inflater.decompress(compressed, MAX_SEALED_BYTES)
        return msgspec.json.decode(document, type=_Sealed) if inflater.eof else None
    except (binascii.Error, ValueError, zlib.error, RecursionError):
        return None
