"""Records the requests of a batch as calls, each once.

Lines are recorded in groups of a fixed number. A group is stored by its name, which is made of the
batch and the place of its first line, and then counted; a server that is killed between the two
stores the same group again, which adds nothing.
"""

from dataclasses import dataclass, replace
from typing import Final

from msgspec.structs import replace as changed

from penstock.features.batches import store
from penstock.features.batches.lines import RequestCopy
from penstock.features.batches.model import (
    BATCH,
    AnsweredRequest,
    BatchSource,
    FollowedBatch,
    FollowState,
    Ingest,
    PriceRequest,
    Recorded,
    digest_of,
)
from penstock.features.context import Context
from penstock.infra.spool.frame import Kind, encode
from penstock.kernel.errors import PenstockError
from penstock.kernel.ids import span_id, trace_id
from penstock.rules import call as records
from penstock.rules.batches import MAX_LINES, BatchAnswer
from penstock.rules.call import AttemptRecord, CallBegin, CallEnd, CallStatus, Usage

LINES_AT_ONCE: Final = 50  # a group; never change it while a batch is half recorded
MAX_GROUP_BYTES: Final = 16 * 1024 * 1024  # of content in a group; the calls after it have none
MAX_REQUEST_BYTES: Final = 1024 * 1024  # of a request in a record, as the gateways keep it
MAX_ANSWER_BYTES: Final = 128 * 1024  # the same of an answer
_FAILED: Final = "batch_request_failed"  # the type of an error for which a provider has no word
_NO_USAGE: Final = Usage()


@dataclass(frozen=True, slots=True)
class RecordPorts:
    """The parts that recording needs."""

    context: Context
    ingest: Ingest
    price: PriceRequest


class BatchRecorder:
    """Records one batch from where it was left. `add` gets the lines of its files in turn, each
    file from its beginning, and `end` the end of each. Not for two threads at once."""

    def __init__(
        self,
        ports: RecordPorts,
        batch: FollowedBatch,
        source: BatchSource,
        requests: RequestCopy | None,
    ) -> None:
        self.batch = batch
        self._ports = ports
        self._reader = source.reader
        self._redaction = source.redaction
        self._requests = requests
        self._answered: set[bytes] = set()
        self._begun = self._open = batch.recorded
        self._file = 0
        self._line = 0
        self._frames: list[bytes] = []
        self._content_bytes = 0

    def add(self, line: bytes | None) -> bool:
        """Records one line; `None` is one that was too long. Returns false once a file has as many
        lines as a batch may have. Raises `PenstockError` if a group cannot be stored."""
        answer = self._read(line)
        known = (self._file, self._line) < (self._begun.file, self._begun.line)
        self._line += 1
        if not known:
            self._note(answer)
            if self._line % LINES_AT_ONCE == 0:
                self._store(changed(self._open, file=self._file, line=self._line))
        return self._line < MAX_LINES

    def end(self) -> None:
        """Ends the present file. Raises like `add`."""
        self._file, self._line = self._file + 1, 0
        if self._file > self._begun.file:
            self._store(changed(self._open, file=self._file, line=0))

    def finish(self, problem: str = "") -> None:
        """Notes that all is recorded."""
        said = problem or self.batch.seen.reason
        self._save(replace(self.batch, state=FollowState.RECORDED, problem=said))

    def _read(self, line: bytes | None) -> BatchAnswer | None:
        """Reads a line; `None` if it is no answer, or the second one to a request."""
        if line is None:
            return None
        try:
            dialect = self.batch.seen.dialect
            answer = self._reader.read_batch_line(line, dialect, self._redaction)
        except PenstockError:
            return None
        known = digest_of(answer.custom_id)[:16]
        if known in self._answered:
            return None
        self._answered.add(known)
        return answer

    def _note(self, answer: BatchAnswer | None) -> None:
        if answer is None:
            self._open = changed(self._open, unreadable=self._open.unreadable + 1)
            return
        end = self._call(answer)
        self._open = self._open.plus(end)
        self._frames.append(encode(Kind.END, records.encode(end)))

    def _store(self, after: Recorded) -> None:
        """Stores the calls of the present group, then how far the batch is."""
        if self._frames:
            first = self.batch.recorded
            name = digest_of(self.batch.id).hex()[:32]
            self._ports.ingest(
                f"{name}-{first.file}:{first.line}-{first.line}", b"".join(self._frames)
            )
        self._frames.clear()
        self._content_bytes = 0
        self._open = after
        self._save(replace(self.batch, recorded=after))

    def _save(self, batch: FollowedBatch) -> None:
        self.batch = replace(batch, updated_ms=self._ports.context.now_ms())
        with self._ports.context.database.write() as tx:
            store.save_batch(tx.connection, self.batch)

    def _call(self, answer: BatchAnswer) -> CallEnd:
        """Returns the record of one request. Nobody knows when it was answered: it has the time at
        which its batch ended, and no duration."""
        batch, origin, facts = self.batch, self.batch.origin, answer.facts
        at_ns = batch.ended_ms * 1_000_000
        request = b"" if self._requests is None else self._requests.get(answer.custom_id)
        ids = digest_of(batch.id, answer.custom_id)
        others = {**origin.caller.others, BATCH: batch.id}
        begin = CallBegin(
            batch.project_id,
            trace_id(ids),
            span_id(ids[16:]),
            "",
            at_ns,
            batch.seen.operation,
            origin.model,
            stream=False,
            caller=changed(origin.caller, others=others),
            snapshot=origin.snapshot,
            request_size=len(request),
            dialect=batch.seen.dialect,
        )
        attempt = self._attempt(answer, at_ns, span_id(ids[24:]))
        keep = self._requests is not None and self._keeps(request, answer.body)
        return CallEnd(
            begin,
            at_ns,
            attempt.status,
            answer.status,
            attempt.error_type,
            attempt.error_message,
            origin.provider,
            facts.model,
            facts.id,
            facts.finish_reasons,
            attempt.usage,
            attempt.cost,
            attempt.price_id,
            request=request[:MAX_REQUEST_BYTES] if keep else b"",
            response=answer.body[:MAX_ANSWER_BYTES] if keep else b"",
            response_size=len(answer.body),
            attempts=(attempt,),
            fingerprint=facts.fingerprint,
        )

    def _attempt(self, answer: BatchAnswer, at_ns: int, span: str) -> AttemptRecord:
        batch, origin, facts = self.batch, self.batch.origin, answer.facts
        good = answer.status == 200
        usage = facts.usage or _NO_USAGE
        charge = None
        if good:
            named = (origin.provider, origin.model, facts.model)
            asked = AnsweredRequest(batch.project_id, origin.snapshot, *named, usage, at_ns)
            charge = self._ports.price(asked)
        error = answer.error
        return AttemptRecord(
            span,
            origin.provider,
            origin.model,
            origin.server_address,
            origin.server_port,
            at_ns,
            at_ns,
            CallStatus.OK if good else CallStatus.ERROR,
            http_status=answer.status,
            error_type="" if good else error.code or error.type or _FAILED,
            error_message=error.message,
            dialect=batch.seen.dialect,
            usage=usage,
            cost="" if charge is None else f"{charge.cost:.12f}",
            price_id="" if charge is None else charge.price_id,
            credential=origin.credential,
        )

    def _keeps(self, request: bytes, answer: bytes) -> bool:
        """Returns whether the present group may have the content of one more call."""
        size = len(request[:MAX_REQUEST_BYTES]) + len(answer[:MAX_ANSWER_BYTES])
        self._content_bytes += size
        return self._content_bytes <= MAX_GROUP_BYTES
