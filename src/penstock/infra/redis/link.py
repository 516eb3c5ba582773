"""One connection to Redis for all calls of a worker: their commands go together, in order.

Every wait has an end: a server that does not answer in time is away, and further commands fail at
once until it answers again.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from penstock.infra.redis.counter_commands import ScriptCall
from penstock.infra.redis.library import (
    async_client,
    close_client,
    is_error,
    is_missing_script,
    is_unusable,
)
from penstock.infra.redis.problems import notice_of_server, problem_of_error, problem_of_server
from penstock.spi.counters import CountersUnavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis

ANSWER_S: Final = 0.5  # within which Redis answers, or is away
MAX_WAIT_S: Final = 1.0  # of a call for Redis: a batch before its own may take as long
RETRY_S: Final = 0.5  # between two attempts to reach a server that is away
MAX_BATCH: Final = 200  # commands that are sent together
MAX_BATCH_BYTES: Final = 1024 * 1024  # of binary values in them, if there is more than one
_LAST_S: Final = 0.8  # for what has to be sent when the worker ends
_WORKING: Final = ""
_log: Final = logging.getLogger("penstock.redis")


class RedisUnavailable(CountersUnavailable):
    """Redis does not answer in time, or cannot do what it is asked."""


class _Unusable(Exception):
    """The server was reached and cannot be used."""


class _Command:
    """`future` is `None` for a command that is repeated until Redis has run it. `undo` is sent
    when nobody learns of the result."""

    __slots__ = ("call", "future", "undo")

    def __init__(
        self,
        call: ScriptCall,
        future: "asyncio.Future[Any] | None" = None,
        undo: Callable[[], ScriptCall] | None = None,
    ) -> None:
        self.call = call
        self.future = future
        self.undo = undo


class RedisLink:
    """Runs one script. `run` must run for commands to be sent. What is repeated must be
    idempotent."""

    def __init__(self, url: str, script: str, name: str) -> None:
        self._url = url
        self._script = script
        self._name = name
        self._sha = ""
        self._client: Redis | None = None
        self._waiting: deque[_Command] = deque()
        self._work = asyncio.Event()
        self.problem = _WORKING
        self.notice = _WORKING

    async def ask(self, call: ScriptCall, undo: Callable[[], ScriptCall] | None = None) -> Any:
        """Returns the reply of the script. Raises `RedisUnavailable` after `MAX_WAIT_S`, or at once
        while Redis is away. If nobody learns whether the script has run, `undo` runs later."""
        if self.problem:
            raise RedisUnavailable(self.problem, retry_after_s=1)
        future = asyncio.get_running_loop().create_future()
        command = _Command(call, future, undo)
        self._add(command)
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                return await future
        except BaseException as error:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._undo(command)  # its reply came while the call was ended
            if isinstance(error, TimeoutError):
                raise RedisUnavailable(problem_of_error(error), retry_after_s=1) from error
            raise

    def tell(self, call: ScriptCall) -> None:
        """Runs the script now, or when Redis is back."""
        self._add(_Command(call))

    def waiting_count(self) -> int:
        """The commands that Redis has not run yet."""
        return len(self._waiting)

    async def run(self) -> None:
        """Sends commands. Never returns; when it is cancelled, it sends what is left."""
        try:
            while not _is_cancelled():  # the library may lose a cancellation
                await self._exchange()
                if not self._waiting and not self.problem and not _is_cancelled():
                    self._work.clear()
                    await self._work.wait()
        finally:
            await self._finish()

    def _add(self, command: _Command) -> None:
        self._waiting.append(command)
        self._work.set()

    async def _exchange(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                client = self._client or await self._connected()
                if self._waiting:
                    await self._send(client)
                if self.problem:
                    _log.warning("Redis answers again (%s)", self._name)
                    self.problem = _WORKING
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a client library raises errors of many kinds
            await self._fail(error)
            await asyncio.sleep(RETRY_S)

    async def _connected(self) -> "Redis":
        client = async_client(self._url, ANSWER_S)
        try:
            info = await client.info()
            if problem := problem_of_server(info):
                raise _Unusable(problem)
            self.notice = notice_of_server(info)
            self._sha = await client.script_load(self._script)
        except BaseException:
            await _closed(client)
            raise
        self._client = client
        return client

    async def _send(self, client: "Redis") -> None:
        """Sends a batch, and gives each command its reply. If the connection fails, commands that
        are repeated stay, and the others fail."""
        batch = self._next_batch()
        if not batch:
            return
        try:
            replies = await self._replies(client, batch)
        except BaseException as error:
            self._take_back(batch, error)
            raise
        for at, (command, reply) in enumerate(zip(batch, replies, strict=True)):
            if is_unusable(reply):
                self._take_back(batch[at:], reply)
                raise reply
            self._deliver(command, reply)

    async def _replies(self, client: "Redis", batch: list[_Command]) -> list[Any]:
        replies = await self._evaluate(client, batch)
        missing = [at for at, reply in enumerate(replies) if is_missing_script(reply)]
        if missing:  # the server has forgotten it: SCRIPT FLUSH, or another server
            self._sha = await client.script_load(self._script)
            again = await self._evaluate(client, [batch[at] for at in missing])
            for at, reply in zip(missing, again, strict=True):
                replies[at] = reply
        return replies

    async def _evaluate(self, client: "Redis", batch: list[_Command]) -> list[Any]:
        pipeline = client.pipeline(transaction=False)
        for command in batch:
            keys, arguments = command.call
            pipeline.execute_command("EVALSHA", self._sha, len(keys), *keys, *arguments)
        return await pipeline.execute(raise_on_error=False)

    def _next_batch(self) -> list[_Command]:
        batch: list[_Command] = []
        size = 0
        while self._waiting and len(batch) < MAX_BATCH and size < MAX_BATCH_BYTES:
            command = self._waiting.popleft()
            if command.future is None or not command.future.done():
                batch.append(command)
                size += sum(len(one) for one in command.call.arguments if isinstance(one, bytes))
        return batch

    def _deliver(self, command: _Command, reply: Any) -> None:
        future = command.future
        if future is None:
            if is_error(reply):
                _log.error("Redis refused a command of %s: %s", self._name, reply)
        elif future.done():  # its call has ended meanwhile
            self._undo(command)
        elif is_error(reply):
            future.set_exception(RedisUnavailable(problem_of_error(reply), retry_after_s=1))
            self._undo(command)
        else:
            future.set_result(reply)

    def _take_back(self, batch: list[_Command], error: BaseException) -> None:
        """Repeated commands go back to their place. What others may have done is returned."""
        self._waiting.extendleft(c for c in reversed(batch) if c.future is None)
        for command in batch:
            if command.future is not None:
                self._reject(command, problem_of_error(error))
                self._undo(command)

    def _undo(self, command: _Command) -> None:
        if command.undo is not None:
            self.tell(command.undo())

    def _reject(self, command: _Command, problem: str) -> None:
        if command.future is not None and not command.future.done():
            command.future.set_exception(RedisUnavailable(problem, retry_after_s=1))

    async def _fail(self, error: Exception) -> None:
        problem = str(error) if isinstance(error, _Unusable) else problem_of_error(error)
        if problem != self.problem:
            _log.warning("%s (%s)", problem, self._name)
        self.problem = problem
        for command in self._waiting:
            self._reject(command, problem)  # not sent: nothing to undo
        self._waiting = deque(c for c in self._waiting if c.future is None)
        await self._disconnect()

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(_LAST_S):
                while self._waiting and self._client is not None and not self.problem:
                    await self._send(self._client)
        except Exception as error:  # noqa: BLE001 - the lease of this worker settles the rest
            _log.warning("%s %d commands are lost.", problem_of_error(error), len(self._waiting))
        await self._disconnect()

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await _closed(client)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _closed(client: "Redis") -> None:
    try:
        async with asyncio.timeout(ANSWER_S):
            await close_client(client)
    except Exception as error:  # noqa: BLE001 - the connection is dropped whatever happens
        _log.debug("A connection to Redis did not close: %s", error)
