"""HTTP glue: pages, bodies, metrics, without a network."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from penstock.infra.web.bodies import BodyLimit
from penstock.infra.web.metrics import RequestMetrics
from penstock.infra.web.pages import decode_cursor, encode_cursor, page_of
from penstock.kernel.errors import InvalidRequest


@given(st.text(max_size=80))
def test_cursors_come_back_as_they_went(position: str) -> None:
    assert decode_cursor(encode_cursor(position)) == position


@pytest.mark.parametrize("cursor", ["!", "a", "_w", "AA==AA", "é"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        decode_cursor(cursor)


@given(count=st.integers(0, 12), limit=st.integers(1, 6))
def test_pages_together_are_the_list(count: int, limit: int) -> None:
    rows, found, after = list(range(count)), list[int](), -1
    while True:
        page = page_of([n for n in rows if n > after][: limit + 1], limit, lambda n: n, str)
        found += page.items
        if page.next_cursor is None:
            break
        assert len(page.items) == limit
        after = int(decode_cursor(page.next_cursor))
    assert found == rows


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
    total_s: float = 1.0,
) -> int | None:
    """The status for a body that arrives in chunks; `None` in them: the caller goes away."""
    messages: list[Message] = [
        {"type": "http.disconnect"}
        if chunk is None
        else {"type": "http.request", "body": chunk, "more_body": True}
        for chunk in chunks
    ]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    statuses: list[int] = []

    async def receive() -> Message:
        await asyncio.sleep(pause_s)
        return messages.pop(0)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    limited = BodyLimit(app, {"": 10, "/big/": 100}, silence_s=0.2, total_s=total_s)
    scope: Scope = {"type": "http", "path": path, "method": "POST", "headers": []}
    await limited(scope, receive, send)
    return statuses[0] if statuses else None


async def test_bodies_within_the_limit_arrive_whole() -> None:
    app = Application()
    assert await _send(app, [b"12345", b"", b"67890"]) == 200
    assert await _send(app, [b"x" * 100], path="/big/one") == 200
    assert app.bodies == [b"1234567890", b"x" * 100]


async def test_bodies_over_the_limit_are_refused_as_they_come() -> None:
    app = Application()
    assert await _send(app, [b"12345", b"678901"]) == 413
    assert await _send(app, [b"x" * 101], path="/big/one") == 413
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


@given(st.lists(st.floats(0, 60), min_size=1, max_size=30))
def test_histograms_are_cumulative_and_count_everything(seconds: list[float]) -> None:
    metrics = RequestMetrics()
    for value in seconds:
        metrics.add("GET", "/x", 200, value)
    lines = list(metrics.lines())
    buckets = [int(line.rpartition(" ")[2]) for line in lines if "_bucket{" in line]
    assert buckets == sorted(buckets)
    assert buckets[-1] == len(seconds)
    for line in lines:
        if 'le="0.25"' in line:
            assert int(line.rpartition(" ")[2]) == sum(value <= 0.25 for value in seconds)
