"""Content hashes: SHA-256 of canonical JSON, identical on every machine."""

import hashlib

import msgspec

_encoder = msgspec.json.Encoder(order="sorted", decimal_format="string")


def canonical_json(value: object) -> bytes:
    """Encodes UTF-8 JSON with sorted keys and no white space; `Decimal` as a string."""
    return _encoder.encode(value)


def content_hash(value: object) -> str:
    """Returns the SHA-256 of `canonical_json(value)` as 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
