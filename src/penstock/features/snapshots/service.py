"""Publishes the snapshot: compiles it after every change, stores it, and wakes waiting gateways."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from penstock.features.snapshots import store
from penstock.features.snapshots.changes import ChangeSignal
from penstock.features.snapshots.model import CompiledDocuments, compile_snapshot
from penstock.infra.crypto import Sealer
from penstock.infra.sql import Database
from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import NotFound, Overloaded
from penstock.kernel.time import Clock
from penstock.rules.document import Document
from penstock.rules.snapshot.section import SectionSource
from penstock.rules.snapshot.tree import Sealed

_DEBOUNCE_S: Final = 0.05
_RETRY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Published:
    """A published snapshot. `sealed` is encrypted; `etag` changes with its content."""

    digest: str
    root: bytes
    hashes: frozenset[str]
    sealed: bytes = field(repr=False)
    etag: str


class Publisher:
    """One per server. `pepper` (hex) is that of the key digests; `sealer` holds the key of
    `rules.snapshot.SEALED_PURPOSE`."""

    def __init__(
        self,
        database: Database,
        sources: Sequence[SectionSource],
        *,
        pepper: str,
        changes: ChangeSignal,
        sealer: Sealer,
        clock: Clock,
        log: logging.Logger,
    ) -> None:
        self._database = database
        self._sources = sources
        self._pepper = pepper
        self._sealer = sealer
        self._clock = clock
        self._log = log
        self._changes = changes
        self._news = asyncio.Event()
        self._published: Published | None = None
        self._stopped = False
        self._compiled: CompiledDocuments = {}

    def check(self) -> None:
        """Raises `Overloaded` until the first snapshot is published (`readyz`)."""
        if self._published is None:
            raise Overloaded("The first snapshot is not compiled yet.", retry_after_s=1)

    async def run(self) -> None:
        """Publishes until cancelled; then ends the waiting requests."""
        self._changes.listen()
        self._stopped = False
        try:
            while True:
                await self._publish()
                await self._changes.wait()
                await asyncio.sleep(_DEBOUNCE_S)
        finally:
            self._stopped = True
            self._wake()

    async def wait_for_change(self, after: str, wait_s: float) -> Published | None:
        """Returns the current snapshot once its digest is not `after`, or `None` after `wait_s`.

        Raises `Overloaded` if there is no snapshot yet.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while not self._stopped and not self._has_news(after):
                    await self._news.wait()
        return self.current() if self._has_news(after) or self._published is None else None

    def current(self) -> Published:
        """Returns the current snapshot. Raises `Overloaded` until the first one is published."""
        self.check()
        assert self._published is not None  # noqa: S101 - checked in the line above
        return self._published

    def section(self, hash_: str) -> bytes:
        """Returns a section of any published snapshot. Raises `NotFound`."""
        with self._database.read() as connection:
            content = store.find_section(connection, hash_)
        if content is None:
            raise NotFound("This section does not exist.")
        return content

    def compile_now(self) -> None:
        """Compiles and publishes the stored state. Blocks."""
        documents: dict[str, Document] = {}
        secrets: dict[str, str] = {}
        for source in self._sources:
            documents.update(source.documents())
            secrets.update(source.secrets())
        compiled = compile_snapshot(documents, self._compiled)
        sealed = Sealed(self._pepper, secrets)
        before = self._published
        if before is None or before.digest != compiled.digest:
            known = before.hashes if before is not None else frozenset[str]()
            new = compiled.hashes() - known
            with self._database.write() as tx:
                store.save(tx.connection, compiled, new, self._clock.now_ns() // 1_000_000)
        self._compiled = compiled.documents  # not before their contents are stored
        plain = canonical_json(sealed)
        self._published = Published(
            compiled.digest,
            compiled.root,
            compiled.hashes(),
            self._sealer.seal(plain),
            sha256(plain).hexdigest(),
        )

    async def _publish(self) -> None:
        try:
            await asyncio.to_thread(self.compile_now)
        except Exception:  # noqa: BLE001 - worker loop: retried after a change or a delay
            self._log.exception("compiling the snapshot failed; gateways keep the last one")
            await asyncio.sleep(_RETRY_S)
            self._changes.notify()
        self._wake()

    def _has_news(self, after: str) -> bool:
        return self._published is not None and self._published.digest != after

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
