"""Follows batches to their end, and has them recorded.

Each batch has a task of its own, with bounded waits: one that fails, trickles or never ends costs
itself alone, and is looked at again later.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from penstock.features.background import rounds
from penstock.features.batches import store
from penstock.features.batches.lines import (
    FileTooLarge,
    OpenExchange,
    RequestCopy,
    lines_of,
    opened_file,
)
from penstock.features.batches.model import (
    MAX_PROBLEM_CHARS,
    BatchSource,
    FindProvider,
    FollowedBatch,
    FollowState,
    Ingest,
    MayCapture,
    PriceRequest,
    is_too_old,
    next_look_ms,
    oldest_kept_ms,
)
from penstock.features.batches.recording import BatchRecorder, RecordPorts
from penstock.features.context import Context
from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.rules.batches import MAX_LINES, BatchState
from penstock.spi.http import Fetch
from penstock.spi.kept import BatchReader

LOOK_S: Final = 2.0
CLEAN_S: Final = 3600.0
TIMEOUT_S: Final = 30.0  # of a request for the state of a batch
MAX_STATE_BYTES: Final = 1024 * 1024  # of its answer
AT_ONCE: Final = 4  # batches of one project
MAX_AT_ONCE: Final = 32  # batches of all projects
_log: Final = logging.getLogger("penstock.batches")


@dataclass(frozen=True, slots=True)
class FollowPorts:
    """The parts that following needs. `folder` is for files without names."""

    find_provider: FindProvider
    fetch: Fetch
    open: OpenExchange
    ingest: Ingest
    price: PriceRequest
    may_capture: MayCapture
    folder: Path


class BatchFollower:
    """Looks at the batches that are due."""

    def __init__(self, context: Context, ports: FollowPorts) -> None:
        self._context = context
        self._ports = ports
        self._running: dict[str, str] = {}  # the project of each batch that has a task

    async def run(self) -> None:
        """Runs until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._start_due(group)
                await asyncio.sleep(LOOK_S)

    async def clean(self) -> None:
        """Deletes what was kept long enough, until it is cancelled or fails."""
        await rounds(self._remove_old, CLEAN_S)

    async def look(self, batch: FollowedBatch) -> None:
        """Requests the state of a batch, and records it if it is at its end. Raises
        `PenstockError`."""
        source = await asyncio.to_thread(self._source, batch)
        if not batch.seen.over:
            batch = await self._asked(batch, source)
        if batch.seen.over:
            await self._record(batch, source)

    async def _start_due(self, group: asyncio.TaskGroup) -> None:
        try:
            due = await asyncio.to_thread(self._due)
        except (PenstockError, SQLAlchemyError) as failure:  # those that have a task go on
            _log.warning("No batch can be looked at: %s", failure)
            return
        for batch in due:
            self._running[batch.id] = batch.project_id
            group.create_task(self.look_safely(batch))

    async def look_safely(self, batch: FollowedBatch) -> None:
        """Does the same. What fails is noted with the batch, which is looked at again later."""
        try:
            await self.look(batch)
        except PenstockError as error:
            await self._failed(batch, error.sentence())
        except Exception:  # noqa: BLE001 - one batch costs itself
            _log.exception("The batch %s cannot be followed", batch.id)
            await self._failed(batch, "The server failed; see its log.")
        finally:
            self._running.pop(batch.id, None)

    async def _failed(self, batch: FollowedBatch, problem: str) -> None:
        try:
            await asyncio.to_thread(self._note_failure, batch, problem)
        except Exception:  # noqa: BLE001 - the database is away; the batch is due again
            _log.exception("The batch %s cannot be noted", batch.id)

    async def _asked(self, batch: FollowedBatch, source: BatchSource) -> FollowedBatch:
        """Returns the batch with what its provider says now."""
        answer = await self._ports.fetch(
            source.reader.batch_request(source.called.config, batch.origin.plain_id),
            timeout_s=TIMEOUT_S,
            private_allowed=source.called.private_allowed,
            max_bytes=MAX_STATE_BYTES,
        )
        if answer.status != 200:
            raise UpstreamFailed(f"The provider answered the request for it with {answer.status}.")
        seen = source.reader.read_batch(answer.body, source.redaction)
        return await asyncio.to_thread(self._note_state, batch, seen)

    async def _record(self, batch: FollowedBatch, source: BatchSource) -> None:
        ports = RecordPorts(self._context, self._ports.ingest, self._ports.price)
        async with self._requests(batch, source) as requests:
            recorder = BatchRecorder(ports, batch, source, requests)
            problem = ""
            for file_id in batch.seen.answer_ids:
                problem = await self._read_file(recorder, source, file_id) or problem
                await asyncio.to_thread(recorder.end)
            await asyncio.to_thread(recorder.finish, problem)

    async def _read_file(self, recorder: BatchRecorder, source: BatchSource, file_id: str) -> str:
        """Records the lines of a file. Returns why it left out some, or an empty text."""
        async with opened_file(self._ports.open, source, file_id) as exchange:
            try:
                async for line in lines_of(exchange):
                    if not await asyncio.to_thread(recorder.add, line):
                        return f"A file has more than {MAX_LINES} lines; the others are left out."
            except FileTooLarge as error:
                return error.sentence()
        return ""

    @asynccontextmanager
    async def _requests(
        self, batch: FollowedBatch, source: BatchSource
    ) -> AsyncGenerator[RequestCopy | None]:
        """Opens the requests of a batch; `None` if the project records no content. They may be
        gone, or too many: then the calls are recorded without them."""
        if not await asyncio.to_thread(self._ports.may_capture, batch.project_id):
            yield None
            return
        with RequestCopy(self._ports.folder) as copy:
            if batch.seen.input_id:
                await self._copy(batch, source, copy)
            yield copy

    async def _copy(self, batch: FollowedBatch, source: BatchSource, copy: RequestCopy) -> None:
        try:
            async with opened_file(self._ports.open, source, batch.seen.input_id) as exchange:
                await copy.fill(exchange, source.reader.read_request_line)
        except PenstockError as error:
            copy.clear()
            _log.info("The requests of batch %s are left out: %s", batch.id, error)

    # ---- in threads

    def _due(self) -> list[FollowedBatch]:
        """Returns batches to look at now, so many that no project has more than `AT_ONCE` tasks."""
        with self._context.database.read() as connection:
            most = AT_ONCE + len(self._running)
            found = store.due_batches(connection, self._context.now_ms(), most, 2 * MAX_AT_ONCE)
        projects = list(self._running.values())
        due: list[FollowedBatch] = []
        for batch in found:
            if batch.id in self._running or projects.count(batch.project_id) >= AT_ONCE:
                continue
            if len(projects) >= MAX_AT_ONCE:
                break
            projects.append(batch.project_id)
            due.append(batch)
        return due

    def _source(self, batch: FollowedBatch) -> BatchSource:
        origin = batch.origin
        called = self._ports.find_provider(batch.project_id, origin.provider, origin.credential)
        plugin = called.plugin.for_dialect(origin.dialect, called.config, origin.model)
        if not isinstance(plugin, BatchReader):
            raise UpstreamFailed(
                f"The provider {origin.provider!r} has no batches now.",
                hint="If it has OpenAI's API for files and batches, set its quirk `files=yes`.",
            )
        return BatchSource(called, plugin)

    def _note_state(self, batch: FollowedBatch, seen: BatchState) -> FollowedBatch:
        now_ms = self._context.now_ms()
        ended_ms = seen.ended_s * 1000 or now_ms
        moved = seen != batch.seen
        after = replace(
            batch,
            seen=seen,
            tries=0 if moved else batch.tries + 1,
            problem=seen.reason,
            ended_ms=min(max(ended_ms, batch.created_ms), now_ms) if seen.over else 0,
            updated_ms=now_ms,
        )
        after = replace(after, next_ms=next_look_ms(after, now_ms, failed=False))
        if not seen.over and is_too_old(batch, now_ms):
            after = replace(after, state=FollowState.GIVEN_UP, problem="It does not end.")
        self._save(after)
        return after

    def _note_failure(self, before: FollowedBatch, problem: str) -> None:
        """Looks again later; what was recorded meanwhile stays."""
        now_ms = self._context.now_ms()
        with self._context.database.write() as tx:
            batch = store.find_batch(tx.connection, before.project_id, before.id)
            if batch is None:
                return
            after = replace(
                batch,
                tries=before.tries + 1,
                problem=problem.replace("\0", "")[:MAX_PROBLEM_CHARS],
                next_ms=next_look_ms(before, now_ms, failed=True),
                updated_ms=now_ms,
            )
            if is_too_old(batch, now_ms):
                after = replace(after, state=FollowState.GIVEN_UP)
            store.save_batch(tx.connection, after)

    def _save(self, batch: FollowedBatch) -> None:
        with self._context.database.write() as tx:
            store.save_batch(tx.connection, batch)

    def _remove_old(self) -> None:
        with self._context.database.write() as tx:
            store.remove_old(tx.connection, oldest_kept_ms(self._context.now_ms()))
