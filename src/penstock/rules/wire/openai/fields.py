"""Edits the members of a chat request for providers that name some otherwise, or reject some."""

from typing import Final

import msgspec

from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.translation import Changes, Written

_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def edit_fields(written: Written, renamed: str, dropped: str) -> Written:
    """Renames and drops members. `renamed`: `old:new,old:new`; `dropped`: `name,name`, which are
    named as changes. A member whose new name is taken is dropped. Keeps all values."""
    names = dict(_pairs(renamed)) | dict.fromkeys(_words(dropped), "")
    if not any(b'"%b"' % name.encode() in written.body for name in names):
        return written
    changes = Changes()
    members = decode_json(_members, written.body)
    edited: dict[str, msgspec.Raw] = {}
    for name, value in members.items():
        new = names.get(name, name)
        if new and new not in edited and (new == name or new not in members):
            edited[new] = value
        else:
            changes.drop(name)
    return Written(msgspec.json.encode(edited), (*written.changes, *changes.all()))


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(old, new) for old, colon, new in (one.partition(":") for one in _words(text)) if colon]


def _words(text: str) -> list[str]:
    return [word for one in text.split(",") if (word := one.strip())]
