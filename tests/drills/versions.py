"""A newer version of the code, made from the present one, for drills of mixed versions.

It writes a newer schema, and with each END a record of a new kind: the same call under the reversed
trace id. Its server stores both.
"""

import shutil
from pathlib import Path
from typing import Final

import penstock
from penstock.rules.call import SCHEMA

_EXTRA: Final = """

def _extra(payload: bytes) -> bytes:
    end = decode_end(payload)
    begin = replace(end.begin, trace_id=extra_trace(end.begin.trace_id))
    return encode(replace(end, begin=begin, attempts=()))


def extra_trace(trace: str) -> str:
    return trace[::-1]
"""
_IMPORTS: Final = """from msgspec.structs import replace
from penstock.rules.call import decode_end, encode
"""
_APPEND: Final = "self._capacity.write_reserved(size, append, _END, payload)"
_APPEND_BOTH: Final = f"""{_APPEND}
            self._journal.append(Kind.EXTRA, _extra(payload))"""
_CHANGES: Final = {
    "rules/call.py": [(f"SCHEMA: Final = {SCHEMA}", f"SCHEMA: Final = {SCHEMA + 1}")],
    "infra/spool/frame.py": [("    CUT = 3", "    CUT = 3\n    EXTRA = 4")],
    "infra/spool/writer.py": [
        ("import errno\n", f"import errno\n{_IMPORTS}"),
        (
            _APPEND,
            _APPEND_BOTH,
        ),
    ],
    "features/traces/ingest.py": [
        ("elif one.kind == Kind.END:", "elif one.kind in (Kind.END, Kind.EXTRA):")
    ],
}


def make_newer_version(folder: Path) -> Path:
    """Copies the code into `folder` and changes it; returns the value of PYTHONPATH for it."""
    package = Path(penstock.__file__).parent
    shutil.copytree(
        package, folder / "penstock", ignore=shutil.ignore_patterns("__pycache__", "static")
    )
    for name, changes in _CHANGES.items():
        path = folder / "penstock" / name
        text = path.read_text()
        for old, new in changes:
            assert text.count(old) == 1, f"{name} no longer contains {old!r} once"
            text = text.replace(old, new)
        path.write_text(text + (_EXTRA if "_extra" in text else ""))
    return folder


def extra_trace(trace: str) -> str:
    """Returns the trace id of the additional record of a call."""
    return trace[::-1]
