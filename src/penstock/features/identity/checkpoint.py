"""Stores the head of each audit chain in a signed file outside the database, so that a truncated
chain is detected.

The file is locked and read again for each change, so that several processes may append. A missing
or forged file is never recreated: that would hide the tampering.
"""

import fcntl
import hmac
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from penstock.features.identity.audit_log import ChainHead
from penstock.infra.crypto import keyed_digest, write_private
from penstock.infra.home import Home
from penstock.kernel.digests import canonical_json


class _File(msgspec.Struct, frozen=True):
    heads: dict[str, tuple[int, str]]
    signature: str


class CheckpointFile:
    """`HOME/audit.heads`. `key` is derived from the master key."""

    def __init__(self, home: Path, key: bytes) -> None:
        self._path = Home(home).audit_heads
        self._key = key

    def create(self) -> None:
        """Creates the empty file, on the first start of a home."""
        if not self._path.exists():
            self._write({})

    def read(self) -> Mapping[str, ChainHead] | None:
        """Returns the heads by project, or `None` if the file is missing, damaged or forged."""
        try:
            file = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        if not hmac.compare_digest(file.signature, self._sign(file.heads)):
            return None
        return {project: ChainHead(*head) for project, head in file.heads.items()}

    def advance(self, project_id: str, head: ChainHead) -> None:
        """Stores a new head. Ignores an older one, and does not touch a damaged file."""
        with self._locked():
            heads = self.read()
            if heads is not None and heads.get(project_id, ChainHead()).sequence < head.sequence:
                self._write({**heads, project_id: head})

    def _write(self, heads: Mapping[str, ChainHead]) -> None:
        plain = {project: (head.sequence, head.hash) for project, head in heads.items()}
        write_private(self._path, msgspec.json.encode(_File(plain, self._sign(plain))))

    def _sign(self, heads: Mapping[str, tuple[int, str]]) -> str:
        return keyed_digest(self._key, canonical_json(heads).decode())

    @contextmanager
    def _locked(self) -> Generator[None]:
        lock = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)
