"""Request bodies: read within what a caller may send, and counted while they are held."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from penstock.infra.web.bodies import BodyAllowance, BodyCapacity, BodyLimit, BodyTimes
from penstock.kernel.errors import Overloaded, RateLimited, Unauthenticated

CAPACITY = BodyCapacity(10_000_000)


class BodyAdmission:
    """Strangers may send 10 bytes, whoever asks for `/known` a hundred, `/closed` nobody."""

    def first(self, scope: Scope) -> BodyAllowance:
        if scope["path"] == "/closed":
            raise Unauthenticated("Nobody.")
        return BodyAllowance(10, CAPACITY)

    async def more(self, scope: Scope) -> BodyAllowance:
        if scope["path"] == "/known":
            return BodyAllowance(100, CAPACITY)
        if scope["path"] == "/huge":
            return BodyAllowance(1_000_000, CAPACITY)
        return BodyAllowance(10, CAPACITY)


ADMISSION = BodyAdmission()


class Application:
    """Reads its body and answers with its length."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        assert not message["more_body"]
        self.bodies.append(message["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def _send(
    app: Application,
    chunks: Iterable[bytes | None],
    *,
    path: str = "/",
    pause_s: float = 0.0,
    silence_s: float = 0.2,
    total_s: float = 1.0,
) -> int | None:
    """The status for a body that arrives in chunks; `None` in them: the caller goes away."""
    messages: deque[Message] = deque(
        {"type": "http.disconnect"}
        if chunk is None
        else {"type": "http.request", "body": chunk, "more_body": True}
        for chunk in chunks
    )
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    statuses: list[int] = []

    async def receive() -> Message:
        await asyncio.sleep(pause_s)
        return messages.popleft()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    limited = BodyLimit(app, ADMISSION, BodyTimes(silence_s=silence_s, total_s=total_s))
    scope: Scope = {"type": "http", "path": path, "method": "POST", "headers": []}
    await limited(scope, receive, send)
    return statuses[0] if statuses else None


async def test_bodies_within_the_limit_arrive_whole() -> None:
    app = Application()
    assert await _send(app, [b"12345", b"", b"67890"]) == 200
    assert await _send(app, [b"x" * 100], path="/known") == 200
    assert app.bodies == [b"1234567890", b"x" * 100]


async def test_bodies_over_the_limit_are_refused_as_they_come() -> None:
    app = Application()
    assert await _send(app, [b"12345", b"678901"]) == 413
    assert await _send(app, [b"x" * 101], path="/known") == 413
    assert app.bodies == []


async def test_a_body_that_stalls_or_drips_is_refused() -> None:
    app = Application()
    assert await _send(app, [b"1"], pause_s=0.5) == 400
    assert await _send(app, [b"1"] * 9, pause_s=0.05, total_s=0.2) == 400
    assert app.bodies == []


async def test_a_caller_who_leaves_is_answered_nothing() -> None:
    app = Application()
    assert await _send(app, [b"1", None]) is None
    assert app.bodies == []


async def test_who_may_not_call_is_refused_before_the_first_byte_is_read() -> None:
    async def receive() -> Message:
        raise AssertionError("the body was read")

    statuses: list[int] = []

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))

    scope: Scope = {"type": "http", "path": "/closed", "method": "POST", "headers": []}
    await BodyLimit(Application(), ADMISSION)(scope, receive, send)
    assert statuses[0] == 401


async def _cpu_seconds(piece_count: int) -> float:
    app = Application()
    start = time.process_time()
    status = await _send(app, [b"x"] * piece_count, path="/huge", silence_s=100.0, total_s=100.0)
    assert (status, len(app.bodies[0])) == (200, piece_count)
    return time.process_time() - start


async def test_a_body_in_many_pieces_costs_no_more_than_its_length() -> None:
    few = await _cpu_seconds(30_000)
    assert await _cpu_seconds(120_000) < 8 * few  # 16 times if it were quadratic


async def test_what_was_counted_is_released() -> None:
    for chunks in ([b"12345"], [b"12345", b"678901"], [b"1", None]):
        await _send(Application(), chunks)
    assert CAPACITY.held == 0


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 60), st.booleans()), max_size=60),
)
def test_a_capacity_holds_its_limit_and_a_peer_half_of_it(
    steps: list[tuple[str, int, bool]],
) -> None:
    capacity, held = BodyCapacity(100), list[tuple[str, int]]()
    for peer, size, leave in steps:
        if leave and held:
            capacity.release(*held.pop())
        mine = sum(n for p, n in held if p == peer)
        try:
            capacity.take(peer, size)
        except RateLimited:
            assert mine + size > 50
        except Overloaded:
            assert capacity.held + size > 100
        else:
            held.append((peer, size))
            assert mine + size <= 50
        assert capacity.held == sum(n for _, n in held) <= 100
