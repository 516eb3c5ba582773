"""Keeps cached answers on Redis, shared by all gateways that use it, with a limit for each project.

Without Redis a call goes on without the cache; one with an idempotency key is rejected, because its
promise cannot be kept.
"""

import asyncio
from contextlib import suppress
from itertools import count
from typing import Final

from penstock.infra.redis.counter_commands import PREFIX, ScriptCall, script_text
from penstock.infra.redis.link import RedisLink, RedisUnavailable

LOCK_S: Final = 15.0  # after which a lock is free that its gateway has not renewed
MAX_UNSENT: Final = 100  # commands that wait for Redis; above it further answers are not kept
_RENEW_S: Final = LOCK_S / 5


class RedisAnswerLock:
    """The lock of one answer. It is renewed until it is released, or its process ends."""

    def __init__(self, held: set["RedisAnswerLock"], link: RedisLink, key: str, owner: str) -> None:
        self._held = held
        self._link = link
        self._key = key
        self._owner = owner
        held.add(self)

    def call(self, operation: str) -> ScriptCall:
        """Returns the command that tries, renews or releases the lock."""
        return ScriptCall((self._key,), (operation, self._owner, int(LOCK_S * 1000)))

    def release(self) -> None:
        """Releases the lock, after the answer was kept."""
        self._held.discard(self)
        self._link.tell(self.call("unlock"))


class RedisAnswers:
    """Implements `gateway.ports.AnswerStore`. `max_bytes` limits the answers of one project. A
    `place` is `<project>/<digest>`."""

    def __init__(self, url: str, worker: str, max_bytes: int) -> None:
        self._link = RedisLink(url, script_text("answers.lua"), "cache")
        self._worker = worker
        self._max_bytes = max_bytes
        self._numbers = count()
        self._held: set[RedisAnswerLock] = set()

    async def read(self, place: str) -> bytes | None:
        """Returns the content of an answer, if there is one, and if Redis can be asked."""
        try:
            return await self._link.ask(ScriptCall((_key(place, "answer"),), ("read",)))
        except RedisUnavailable:
            return None

    def write(self, place: str, content: bytes, expires_s: float) -> None:
        """Keeps an answer until a Unix time. If Redis is away, the answer is lost."""
        if self._link.waiting_count() >= MAX_UNSENT:
            return
        project = place.partition("/")[0]
        keys = (_key(place, "answer"), _key(project, "answers"), _key(project, "sizes"))
        arguments = ("keep", content, int(expires_s * 1000), self._max_bytes)
        self._link.tell(ScriptCall(keys, arguments))

    async def lock(self, place: str, size: int) -> RedisAnswerLock | None:
        """Locks the place of an answer over all gateways; `None` while another call holds it.
        Raises `RedisUnavailable`, also if an answer of `size` bytes would not be kept."""
        if size > self._max_bytes or self._link.waiting_count() >= MAX_UNSENT:
            raise RedisUnavailable("Redis has no place for another answer.", retry_after_s=5)
        owner = f"{self._worker}-{next(self._numbers)}"
        wanted = RedisAnswerLock(self._held, self._link, _key(place, "lock"), owner)
        try:
            if await self._link.ask(wanted.call("lock"), lambda: wanted.call("unlock")):
                return wanted
        except BaseException:
            self._held.discard(wanted)
            raise
        self._held.discard(wanted)
        return None

    async def run(self) -> None:
        """Sends commands, and renews locks. Never returns; when it is cancelled, it sends what is
        left."""
        sending = asyncio.create_task(self._link.run())
        try:
            while True:
                await asyncio.sleep(_RENEW_S)
                for held in tuple(self._held):
                    with suppress(RedisUnavailable):
                        await self._link.ask(held.call("renew"))
        finally:
            sending.cancel()
            await asyncio.wait([sending])


def _key(place: str, kind: str) -> str:
    project, _, digest = place.partition("/")
    return f"{PREFIX}:{{{project}}}:{kind}{':' if digest else ''}{digest}"
