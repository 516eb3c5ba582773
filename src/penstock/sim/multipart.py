"""Reads multipart forms strictly: RFC 7578 as the official clients write it."""

import re
from dataclasses import dataclass
from typing import Final

from penstock.kernel.errors import InvalidRequest

_BOUNDARY: Final = re.compile(r'multipart/form-data;\s*boundary="?([^";]+)"?', re.IGNORECASE)
_NAME: Final = re.compile(r';\s*name="?([^";]+)"?', re.IGNORECASE)
_FILENAME: Final = re.compile(r';\s*filename="?([^";]*)"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SimFile:
    """A file of a form."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class SimForm:
    """The fields of a form; of fields that are there several times (`image[]`), all."""

    fields: dict[str, str]
    lists: dict[str, list[str]]
    files: dict[str, list[SimFile]]


def read_sim_form(content_type: str, body: bytes) -> SimForm:
    """Reads a form. Raises `InvalidRequest`."""
    found = _BOUNDARY.match(content_type)
    if found is None:
        raise InvalidRequest("The request must be multipart/form-data with a boundary.")
    delimiter = b"--" + found[1].encode()
    first, *parts = (b"\r\n" + body).split(b"\r\n" + delimiter)
    if first or not parts or parts[-1].strip() != b"--":
        raise InvalidRequest("Could not parse multipart form.")
    form = SimForm({}, {}, {})
    for part in parts[:-1]:
        _add(form, part.removeprefix(b"\r\n"))
    return form


def _add(form: SimForm, part: bytes) -> None:
    head, blank, data = part.partition(b"\r\n\r\n")
    headers = head.decode("utf-8", "replace")
    name, filename = _NAME.search(headers), _FILENAME.search(headers)
    if not blank or name is None:
        raise InvalidRequest("A part of the form has no name.")
    key = name[1]
    if filename is not None:
        kind = re.search(r"content-type:\s*(\S+)", headers, re.IGNORECASE)
        file = SimFile(filename[1], kind[1] if kind else "", data)
        form.files.setdefault(key.removesuffix("[]"), []).append(file)
    elif key.endswith("[]"):
        form.lists.setdefault(key.removesuffix("[]"), []).append(data.decode("utf-8", "replace"))
    elif key in form.fields:
        raise InvalidRequest(f"Duplicate parameter: '{key}'.", param=key)
    else:
        form.fields[key] = data.decode("utf-8", "replace")
