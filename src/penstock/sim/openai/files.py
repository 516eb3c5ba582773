"""The files that the simulator keeps. They are bounded: the oldest ones are forgotten."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.sim.multipart import read_sim_form

_MOST_FILES: Final = 500
_MOST_BYTES: Final = 256 * 1024 * 1024  # of all files together
_PURPOSES: Final = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file and its document."""

    document: dict[str, Any]
    content: bytes


class FileStore:
    """Kept files by id."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, StoredFile] = OrderedDict()
        self._size = 0
        self._count = 0

    def upload(self, content_type: str, body: bytes, created: int) -> dict[str, Any]:
        """Keeps the file of a form; returns its document. Raises `InvalidRequest`."""
        form = read_sim_form(content_type, body)
        purpose, files = form.fields.get("purpose"), form.files.get("file", [])
        if purpose not in _PURPOSES:
            raise InvalidRequest(f"Invalid value for purpose: {purpose!r}.", param="purpose")
        if len(files) != 1:
            raise InvalidRequest("'file' is a required property.", param="file")
        return self.add(files[0].filename, files[0].data, purpose, created)

    def add(self, name: str, content: bytes, purpose: str, created: int) -> dict[str, Any]:
        """Keeps a file; returns its document."""
        self._count += 1
        digest = hashlib.sha256(b"%d\0%b" % (self._count, content)).hexdigest()
        document: dict[str, Any] = {
            "id": f"file-{digest[:22]}",
            "object": "file",
            "bytes": len(content),
            "created_at": created,
            "filename": name,
            "purpose": purpose,
            "status": "processed",
        }
        self._files[document["id"]] = StoredFile(document, content)
        self._size += len(content)
        while len(self._files) > _MOST_FILES or self._size > _MOST_BYTES:
            _, oldest = self._files.popitem(last=False)
            self._size -= len(oldest.content)
        return document

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def get(self, name: str) -> StoredFile:
        """Returns a file. Raises `NotFound`."""
        if (found := self._files.get(name)) is None:
            raise NotFound(f"No such File object: {name}", param="id")
        return found

    def remove(self, name: str) -> dict[str, Any]:
        """Removes a file. Raises `NotFound`."""
        self._size -= len(self.get(name).content)
        del self._files[name]
        return {"id": name, "object": "file", "deleted": True}

    def list(self) -> dict[str, Any]:
        """Returns the list of all files, the newest first."""
        data = [one.document for one in reversed(self._files.values())]
        return {
            "object": "list",
            "data": data,
            "has_more": False,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
        }
