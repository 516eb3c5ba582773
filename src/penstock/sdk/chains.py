"""The steps of a chain: calls of one trace to one use case, whose release names their releases."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field


def _random_bytes(size: int) -> bytes:
    return os.urandom(size)


@dataclass(frozen=True, slots=True)
class Chain:
    """One run of a chain. Its calls are one trace: they meet the same release, and one score of
    `trace_id` is a score of the whole chain. Send `session` if the chain belongs to one."""

    session: str = ""
    random_bytes: Callable[[int], bytes] = field(default=_random_bytes, repr=False)
    trace_id: str = ""

    def __post_init__(self) -> None:
        if not self.trace_id:
            object.__setattr__(self, "trace_id", self.random_bytes(16).hex())

    def step(self, name: str) -> dict[str, str]:
        """Returns the headers of the call that is a step: of the clients of OpenAI and Anthropic
        `extra_headers`."""
        parent = self.random_bytes(8).hex()
        headers = {
            "x-penstock-step": name,
            "traceparent": f"00-{self.trace_id}-{parent}-01",
        }
        return headers | ({"x-penstock-session": self.session} if self.session else {})
