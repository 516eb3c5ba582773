"""Prompts for applications: cached, renewed in the background, with a fallback.

A cached prompt is returned at once, however old it is; after `ttl_s` it is renewed in the
background. Only a prompt that was never seen is waited for, at most `timeout_s`. After a failure
the server is not asked for a while, so that an outage costs one wait, not one for each call.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from penstock.kernel.errors import PenstockError, UpstreamFailed, UpstreamTimeout
from penstock.sdk.fetch import PromptFetch, Server
from penstock.sdk.prompt import Fallback, Prompt, fallback_prompt
from penstock.sdk.scores import ScoreWriter

MAX_CACHED: Final = 1000  # prompts of a client; the oldest is forgotten
MAX_FETCHES: Final = 8  # requests of a client at once; further prompts are asked for later
SHORTEST_PAUSE_S: Final = 1.0  # after a failure; doubled by each further one
LONGEST_PAUSE_S: Final = 60.0  # after failures in a row

_LOG: Final = logging.getLogger("penstock.sdk")
_Wanted = tuple[str, str]


@dataclass(slots=True)
class _CachedPrompt:
    """A prompt as it was last seen, and when to ask for it again (monotonic seconds)."""

    prompt: Prompt | None = None
    error: PenstockError | None = None
    next_s: float = 0.0
    failures: int = 0
    fetch: PromptFetch | None = None


class Penstock(ScoreWriter):
    """A client of a Penstock server. Threads, event loops and forked processes may share it.

    `key` is an API key with the scopes `prompts:read` and `scores:write`, or with a role (`viewer`
    reads prompts, `editor` writes scores). `ttl_s`: the age from which a cached prompt is renewed.
    `timeout_s`: the longest wait for a prompt that is not cached.
    """

    def __init__(
        self,
        server_url: str,
        key: str,
        *,
        ttl_s: float = 60.0,
        timeout_s: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = Server(server_url, key)
        super().__init__(self._send_scores)
        self._ttl_s = ttl_s
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        self._cached: dict[_Wanted, _CachedPrompt] = {}
        self._pid = os.getpid()
        self._lock = threading.Lock()

    def get_prompt(
        self,
        name: str,
        *,
        label: str = "production",
        version: int | str | None = None,
        fallback: Fallback | None = None,
    ) -> Prompt:
        """Returns the version with a label, or the `version` with a number or content hash. If the
        server has no answer in time: the cached one, then `fallback`; raises `PenstockError` only
        without both."""
        entry = self._entry(name, label if version is None else str(version))
        if entry.prompt is None and (fetch := entry.fetch) is not None:
            fetch.wait(self._timeout_s)
        return _chosen(entry, name, fallback)

    async def get_prompt_async(
        self,
        name: str,
        *,
        label: str = "production",
        version: int | str | None = None,
        fallback: Fallback | None = None,
    ) -> Prompt:
        """The same, without blocking the event loop."""
        entry = self._entry(name, label if version is None else str(version))
        if entry.prompt is None and (fetch := entry.fetch) is not None:
            await fetch.wait_async(self._timeout_s)
        return _chosen(entry, name, fallback)

    def _send_scores(self, body: bytes) -> bytes:
        return self._server.send("POST", "/api/v1/scores/batch", body)

    def _entry(self, name: str, version: str) -> _CachedPrompt:
        """Returns what is cached, and begins a request if it is time for one."""
        if self._pid != os.getpid():
            self._after_fork()
        with self._lock:
            entry = self._cached.get((name, version))
            if entry is None:
                entry = self._cached[name, version] = _CachedPrompt()
                if len(self._cached) > MAX_CACHED:
                    self._cached.pop(next(iter(self._cached)))
            if entry.fetch is None and self._monotonic() >= entry.next_s and self._may_fetch():
                self._begin(entry, name, version)
        return entry

    def _may_fetch(self) -> bool:
        return sum(each.fetch is not None for each in self._cached.values()) < MAX_FETCHES

    def _begin(self, entry: _CachedPrompt, name: str, version: str) -> None:
        def fetch() -> Prompt:
            return self._server.fetch(name, version)

        def finished(found: Prompt | PenstockError) -> None:
            self._finish(entry, found)

        try:
            entry.fetch = PromptFetch(fetch, finished)
        except RuntimeError as error:  # no further thread, or the process is ending
            self._keep(entry, UpstreamFailed(f"The prompt cannot be fetched: {error}."))

    def _finish(self, entry: _CachedPrompt, found: Prompt | PenstockError) -> None:
        with self._lock:
            self._keep(entry, found)
        if isinstance(found, PenstockError):
            _LOG.warning("%s", found.sentence())

    def _keep(self, entry: _CachedPrompt, found: Prompt | PenstockError) -> None:
        if isinstance(found, Prompt):
            entry.prompt, entry.error, entry.failures = found, None, 0
            pause_s = self._ttl_s
        else:
            entry.error = found
            pause_s = min(SHORTEST_PAUSE_S * 2**entry.failures, LONGEST_PAUSE_S)
            entry.failures = min(entry.failures + 1, 10)
        entry.next_s = self._monotonic() + pause_s
        entry.fetch = None

    def _after_fork(self) -> None:
        """Forgets the requests and the lock of the parent: their threads are not in this process.
        The cached prompts stay."""
        self._lock = threading.Lock()
        self._pid = os.getpid()
        for entry in self._cached.values():
            entry.fetch = None


def _chosen(entry: _CachedPrompt, name: str, fallback: Fallback | None) -> Prompt:
    if (prompt := entry.prompt) is not None:
        return prompt
    if fallback is not None:
        return fallback_prompt(name, fallback)
    error = entry.error or UpstreamTimeout(
        f"The Penstock server did not send the prompt {name!r} in time."
    )
    # A new one: an exception that is raised again and again collects all its tracebacks.
    raise type(error)(
        error.message, hint="Give a `fallback`, so that the application runs without it."
    )
