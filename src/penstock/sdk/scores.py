"""Scores, outcomes and feedback of an application: queued, and sent in the background.

No method raises or waits for the server. A thread sends what is queued, in batches; while the
server is away it keeps what fits and tries again. At the end of the process what is left is sent
for some seconds. A forked child begins with an empty queue: its parent sends what was queued.
"""

import asyncio
import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, TypedDict, Unpack

import msgspec

from penstock.kernel.errors import PenstockError, UpstreamFailed, UpstreamTimeout
from penstock.kernel.time import rfc3339
from penstock.rules.scores.score import Score, Value, check_score
from penstock.rules.scores.vocabulary import ScoreKind, ScoreSource, ScoreState

MAX_QUEUED: Final = 10_000  # scores of a client; further ones are dropped, and counted
MAX_SENT: Final = 200  # scores of one request
LINGER_S: Final = 0.2  # how long the first score of a batch waits for others
EXIT_S: Final = 5.0  # how long the end of the process waits for what is queued
SHORTEST_PAUSE_S: Final = 0.5  # after a failure; doubled by each further one
LONGEST_PAUSE_S: Final = 60.0  # after failures in a row

_LOG: Final = logging.getLogger("penstock.sdk")
_AGAIN: Final = (UpstreamFailed, UpstreamTimeout)  # other errors would come again

Send = Callable[[bytes], bytes]


class ScoreFields(TypedDict, total=False):
    """The parts of a score besides name and value. The target is `trace_id` (with `span_id` for
    one call of it) or `session`."""

    trace_id: str
    span_id: str
    session: str
    comment: str
    author: str
    id: str


class ScoreQueue:
    """The scores that wait to be sent. `send` sends the body of one request and returns that of the
    answer, or raises `PenstockError`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.dropped = 0
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._waiting: deque[Score] = deque()
        self._sending = 0  # scores of the batch that is being sent
        self._flushing = 0  # callers that wait for all to be sent
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, make: Callable[[], Score]) -> bool:
        """Queues a score. Returns whether it will be sent: `False` if it is not valid or does not
        fit; the log has the reason. Never raises."""
        try:
            score = make()
            check_score(score)
        except PenstockError as error:
            _LOG.warning("A score was not sent: %s", error.sentence())
            return False
        except Exception as error:  # noqa: BLE001 - of the application's own values
            _LOG.warning("A score was not sent: %r", error)
            return False
        return self._put(score)

    def flush(self, timeout_s: float) -> bool:
        """Waits until all queued scores are sent, at most `timeout_s`. Returns whether they are."""
        if self._pid != os.getpid():
            return True
        with self._changed:
            self._start()
            self._flushing += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(lambda: not self._left(), timeout_s)
            finally:
                self._flushing -= 1

    def close(self) -> None:
        """Sends what is queued for some seconds, then ends the thread."""
        atexit.unregister(self.close)
        if self._pid != os.getpid() or self._thread is None:
            return
        if not self.flush(EXIT_S):
            _LOG.warning("%d scores could not be sent.", self._left())
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _left(self) -> int:
        return len(self._waiting) + self._sending

    def _put(self, score: Score) -> bool:
        if self._pid != os.getpid():
            self._begin()
        with self._changed:
            if len(self._waiting) >= MAX_QUEUED or self._closed:
                self.dropped += 1
                if self.dropped == 1 or self.dropped % MAX_QUEUED == 0:
                    _LOG.warning("%d scores were dropped: the queue is full.", self.dropped)
                return False
            self._waiting.append(score)
            self._start()
            self._changed.notify_all()
        return True

    def _start(self) -> None:
        if self._thread is not None or not self._waiting:
            return
        thread = threading.Thread(target=self._run, name="penstock-scores", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no further thread, or the process is ending: the next score tries
            return
        self._thread = thread
        atexit.register(self.close)

    def _run(self) -> None:
        failures = 0
        while batch := self._take():
            try:
                self._report(self._send(_body(batch)))
                failures = 0
            except _AGAIN as error:
                self._requeue(batch)
                pause_s = min(SHORTEST_PAUSE_S * 2 ** min(failures, 10), LONGEST_PAUSE_S)
                failures += 1
                _LOG.warning("Scores are sent again in %.1f s: %s", pause_s, error.sentence())
                self._pause(pause_s)
            except Exception as error:  # noqa: BLE001 - thread: the next batch must be sent
                _LOG.warning("%d scores were not stored: %s", len(batch), error)
            self._done()

    def _take(self) -> list[Score]:
        """Waits for scores. Returns none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._closed and len(self._waiting) < MAX_SENT:
                self._changed.wait_for(self._is_urgent, LINGER_S)
            if self._closed:
                return []
            self._sending = min(len(self._waiting), MAX_SENT)
            return [self._waiting.popleft() for _ in range(self._sending)]

    def _is_urgent(self) -> bool:
        return len(self._waiting) >= MAX_SENT or self._flushing > 0 or self._closed

    def _requeue(self, batch: list[Score]) -> None:
        with self._changed:
            self._waiting.extendleft(reversed(batch))
            self._sending = 0

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def _done(self) -> None:
        with self._changed:
            self._sending = 0
            self._changed.notify_all()

    def _report(self, answer: bytes) -> None:
        """Logs what the server has rejected: sending it again would not help."""
        for each in msgspec.json.decode(answer)["items"]:
            if error := each.get("error"):
                _LOG.warning("A score was not stored: %s", error["detail"])


class ScoreWriter:
    """Writes scores, outcomes and feedback. All methods return at once, also in an event loop, and
    never raise; the result says whether the score is queued."""

    def __init__(self, send: Send) -> None:
        self._queue = ScoreQueue(send)

    def score(
        self,
        name: str,
        value: Value = None,
        *,
        state: str = "scored",
        source: str = "code",
        **fields: Unpack[ScoreFields],
    ) -> bool:
        """Queues a score: a number, a boolean, a text as category, or a comment alone. Without a
        value, `state` says why: `abstained`, `unmeasured`, `judge_error` or
        `infrastructure_error`."""
        return self._queue.add(
            lambda: _score(
                name, value, state=ScoreState(state), source=ScoreSource(source), **fields
            )
        )

    def outcome(
        self,
        name: str,
        value: bool = True,  # noqa: FBT001, FBT002 - reads as outcome("resolved", False)
        *,
        amount: Decimal | int | None = None,
        **fields: Unpack[ScoreFields],
    ) -> bool:
        """Queues an outcome: `task_completed`, `resolved`, `handed_over` or `converted`. `amount`
        is in the unit of the application."""
        return self._queue.add(
            lambda: _score(
                name,
                value,
                kind=ScoreKind.OUTCOME,
                amount=None if amount is None else Decimal(amount),
                **fields,
            )
        )

    def feedback(self, name: str, value: Value = None, **fields: Unpack[ScoreFields]) -> bool:
        """Queues what an end user says about an answer, such as `thumbs`, or does with it, such as
        `copied`."""
        return self._queue.add(
            lambda: _score(name, value, kind=ScoreKind.FEEDBACK, source=ScoreSource.USER, **fields)
        )

    def flush(self, timeout_s: float = EXIT_S) -> bool:
        """Waits until all queued scores are sent, at most `timeout_s`. Returns whether they are."""
        return self._queue.flush(timeout_s)

    async def flush_async(self, timeout_s: float = EXIT_S) -> bool:
        """The same, without blocking the event loop."""
        return await asyncio.to_thread(self._queue.flush, timeout_s)

    def close(self) -> None:
        """Sends what is queued for some seconds. Later scores are dropped."""
        self._queue.close()


def _score(name: str, value: Value, **fields: Any) -> Score:
    return Score(name=name, value=value, time_ns=time.time_ns(), **fields)


def _body(batch: list[Score]) -> bytes:
    return msgspec.json.encode({"scores": [_document(each) for each in batch]})


def _document(score: Score) -> dict[str, Any]:
    document = msgspec.to_builtins(score, builtin_types=(Decimal,))
    return document | {"time": rfc3339(document.pop("time_ns"))}
