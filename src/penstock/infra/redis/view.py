"""The counters on Redis as the server uses them: it reads them, and raises what was lost."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from penstock.infra.redis.counter_commands import CounterCommands, ScriptCall, state_of
from penstock.infra.redis.library import client_for_threads, close_thread_client, require_library
from penstock.infra.redis.link import ANSWER_S, RedisUnavailable
from penstock.infra.redis.problems import notice_of_server, problem_of_error, problem_of_server
from penstock.kernel.time import Clock
from penstock.rules.claims import Claim, CounterState

if TYPE_CHECKING:
    from redis import Redis
    from redis.commands.core import Script

_AWAY_S: Final = 1.0  # after a failure nobody waits for Redis


class CountedSince(NamedTuple):
    """The time when the counters of a project began, as `CounterFacts` for the file."""

    created_ns: int
    lost_ns: int = 0


class RedisView:
    """For several threads. Each wait is bounded; after a failure there is none for a second."""

    def __init__(self, client: "Redis", clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._commands = CounterCommands("")
        self._script: Script = client.register_script(self._commands.script)
        self._lock = threading.Lock()
        self._checked = False
        self._problem = ""
        self._away_until_s = 0.0

    @classmethod
    def open(cls, url: str, clock: Clock) -> Self:
        """Raises `SetupError` without the library. Connects with the first use."""
        require_library()
        return cls(client_for_threads(url, ANSWER_S), clock)

    def read(self, claim: Claim) -> CounterState:
        """Returns the state of the claim's counter. Raises `RedisUnavailable`."""
        return state_of(self._run(self._commands.read(claim)))

    def counted_since(self, project_id: str) -> CountedSince:
        """Returns when the counters of a project began: now, if there are none. Raises
        `RedisUnavailable`."""
        return CountedSince(int(self._run(self._commands.since(project_id))))

    def raise_used(self, claim: Claim, used: int) -> bool:
        """Raises the used amount of a claim's window to `used`; never lowers it. Returns whether
        it was lower. Raises `RedisUnavailable`."""
        return self._run(self._commands.raise_used(claim, used)) == 1

    def as_writer(self) -> AbstractContextManager[Self]:
        """Returns itself: nothing has to be closed after a change."""
        return nullcontext(self)

    def notices(self) -> list[str]:
        """Sentences about Redis that an operator should know."""
        try:
            info = self._guarded(self._client.info)
        except RedisUnavailable as error:
            return [f"Limits cannot be shown or restored: {error.message}"]
        return [notice] if (notice := notice_of_server(info)) else []

    def close(self) -> None:
        """Closes all connections."""
        close_thread_client(self._client)

    def _run(self, call: ScriptCall) -> Any:
        if not self._checked:
            self._guarded(self._check)
        return self._guarded(self._call, call.keys, call.arguments)

    def _call(self, keys: Sequence[str], arguments: Sequence[str | bytes | int]) -> Any:
        return self._script(keys=keys, args=arguments)

    def _check(self) -> None:
        if problem := problem_of_server(self._client.info()):
            raise RedisUnavailable(problem)
        self._checked = True

    def _guarded(self, work: Any, *arguments: Any) -> Any:
        with self._lock:
            if self._clock.monotonic() < self._away_until_s:
                raise RedisUnavailable(self._problem, retry_after_s=1)
        try:
            return work(*arguments)
        except RedisUnavailable as error:
            self._fail(error.message)
            raise
        except Exception as error:
            self._fail(problem_of_error(error))
            raise RedisUnavailable(self._problem, retry_after_s=1) from error

    def _fail(self, problem: str) -> None:
        with self._lock:
            self._problem = problem
            self._away_until_s = self._clock.monotonic() + _AWAY_S
            self._checked = False
