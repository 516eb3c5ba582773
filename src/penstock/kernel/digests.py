"""Content hashes: SHA-256 of canonical JSON, the same on every machine for ever."""

import hashlib

import msgspec

_encoder = msgspec.json.Encoder(order="sorted", decimal_format="string")


def canonical_json(value: object) -> bytes:
    """UTF-8 JSON with sorted keys and no white space; `Decimal` as a string."""
    return _encoder.encode(value)


def content_hash(value: object) -> str:
    """64 hex digits of the SHA-256 of `canonical_json(value)`."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
