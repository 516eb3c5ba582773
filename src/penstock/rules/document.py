"""The base of all documents in a snapshot."""

import msgspec


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """A document in a snapshot: immutable, named fields, canonical JSON on the wire.

    Fields are only appended, with a default.
    """
