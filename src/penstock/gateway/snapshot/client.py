"""Keeps the gateway's snapshot up to date: long-polls the server, fetches changed sections, swaps.

Decodes in a thread. On any failure the last good snapshot stays, and the holder has the reason.
"""

import asyncio
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final

import msgspec

from penstock.gateway.snapshot.files import SnapshotFiles, StoredSnapshot
from penstock.gateway.snapshot.holder import SnapshotHolder, SnapshotOrigin
from penstock.gateway.snapshot.snapshot import SnapshotUnusable, build, missing_sections, read_root
from penstock.infra.crypto import SealBroken, Sealer
from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.rules.snapshot.tree import Sealed
from penstock.spi.http import Fetch, HttpAnswer, HttpRequest

_PARALLEL: Final = 8
_GRACE_S: Final = 10.0
_FIRST_RETRY_S: Final = 0.1
_LAST_RETRY_S: Final = 3.0
_LAST_RETRY_EMPTY_S: Final = 0.2  # without any snapshot no call is answered: callers wait
_MAX_SECTION_BYTES: Final = 256 * 1024 * 1024


class SnapshotClient:
    """One per gateway worker. `token` is the gateway token in hex, `jitter` a source of [0, 1).

    `sealer` holds the key derived from that token for `rules.snapshot.SEALED_PURPOSE`.
    """

    def __init__(
        self,
        fetch: Fetch,
        holder: SnapshotHolder,
        files: SnapshotFiles,
        *,
        server_url: str,
        token: str,
        sealer: Sealer,
        jitter: Callable[[], float],
        wait_s: float = 25.0,
    ) -> None:
        self._fetch = fetch
        self._base = server_url.rstrip("/") + "/internal/v1/snapshot"
        self._authorization = (b"authorization", f"Bearer {token}".encode())
        self._sealer = sealer
        self._holder = holder
        self._files = files
        self._jitter = jitter
        self._wait_s = wait_s
        self._seen = ""  # digest of the newest root that was read, good or not

    def load(self) -> None:
        """Loads the last good snapshot from disk, if there is one. Blocks; only for the start."""
        try:
            if (stored := self._files.load()) is None:
                return
            snapshot = build(stored.root, stored.sections, self._open(stored.sealed))
        except (OSError, SnapshotUnusable) as error:
            self._holder.report(f"The stored snapshot cannot be used: {error}", "snapshot_stored")
            return
        self._seen = snapshot.digest
        self._holder.swap(snapshot, SnapshotOrigin.DISK)

    async def run(self) -> None:
        """Follows the server until cancelled."""
        failures = 0
        while True:
            try:
                await self.refresh(self._wait_s)
                failures = 0
            except* PenstockError as group:
                self._report(group.exceptions)
                failures += 1
            if failures:
                await asyncio.sleep(self._delay(failures))

    async def refresh(self, wait_s: float) -> None:
        """Polls once, for up to `wait_s`, and installs a new snapshot.

        Raises `UpstreamFailed`, `UpstreamTimeout` or `SnapshotUnusable`, also in a group.
        """
        query = f"?after={self._seen}&wait_s={wait_s:g}"
        answer = await self._get(query, wait_s + _GRACE_S)
        if answer.status == 204:
            if self._holder.known is not None and self._holder.known.digest == self._seen:
                self._holder.confirm()
            return
        await self._install(_ok(answer).body)

    async def _install(self, root_raw: bytes) -> None:
        known = self._holder.known
        try:
            root = read_root(root_raw)
        except SnapshotUnusable:
            self._seen = sha256(root_raw).hexdigest()  # the same root would fail again
            raise
        sections = await self._get_sections(set(missing_sections(root, known).values()))
        sealed_raw = _ok(await self._get("/sealed", _GRACE_S)).body
        sealed = self._open(sealed_raw)
        snapshot = await asyncio.to_thread(build, root_raw, sections, sealed, known)
        self._seen = snapshot.digest
        self._holder.swap(snapshot, SnapshotOrigin.SERVER)
        await self._store(StoredSnapshot(root_raw, sections, sealed_raw))

    async def _get_sections(self, hashes: Iterable[str]) -> dict[str, bytes]:
        limit = asyncio.Semaphore(_PARALLEL)

        async def get(hash_: str) -> bytes:
            async with limit:
                return _ok(await self._get(f"/sections/{hash_}", self._wait_s + _GRACE_S)).body

        async with asyncio.TaskGroup() as group:
            tasks = {hash_: group.create_task(get(hash_)) for hash_ in hashes}
        return {hash_: task.result() for hash_, task in tasks.items()}

    async def _get(self, path: str, timeout_s: float) -> HttpAnswer:
        request = HttpRequest("GET", self._base + path, (self._authorization,))
        return await self._fetch(
            request, timeout_s=timeout_s, private_allowed=True, max_bytes=_MAX_SECTION_BYTES
        )

    def _open(self, sealed: bytes) -> Sealed:
        try:
            return msgspec.json.decode(self._sealer.open(sealed), type=Sealed)
        except SealBroken as error:
            raise SnapshotUnusable(
                "The snapshot's secrets are sealed with another gateway token.",
                hint="Copy gateway.token from the server's home to this one.",
                code="gateway_token_wrong",
            ) from error

    async def _store(self, snapshot: StoredSnapshot) -> None:
        try:
            await asyncio.to_thread(self._files.save, snapshot)
        except OSError as error:
            self._holder.report(f"The snapshot cannot be kept on disk: {error}", "snapshot_store")

    def _report(self, errors: Iterable[BaseException]) -> None:
        for error in errors:
            if isinstance(error, PenstockError):
                self._holder.report(error.sentence(), error.code)

    def _delay(self, failures: int) -> float:
        """Doubles up to the limit; the jitter spreads the requests of many gateways."""
        longest = _LAST_RETRY_S if self._holder.known else _LAST_RETRY_EMPTY_S
        full = min(longest, _FIRST_RETRY_S * 2 ** min(failures - 1, 10))
        return full * (0.5 + self._jitter() / 2)


def _ok(answer: HttpAnswer) -> HttpAnswer:
    if answer.status == 200:
        return answer
    if answer.status == 401:
        raise UpstreamFailed(
            "The server does not accept this gateway's token.",
            hint="Copy gateway.token from the server's home to this one.",
            code="gateway_token_wrong",
        )
    raise UpstreamFailed(
        f"The server answered the request for the snapshot with {answer.status}.",
        code="server_failed",
    )
