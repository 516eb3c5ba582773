"""Errors of an app: no incomplete response looks complete, and the server continues."""

import logging

import pytest

from infra.http_server.wire import get, piece, serving, start
from penstock.infra.http_server.asgi import App, Receive, Scope, Send


def app_that(*steps: object) -> App:
    """Returns an app that sends the messages and raises the errors in `steps`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for step in steps:
            if isinstance(step, Exception):
                raise step
            await send(step)  # pyright: ignore[reportArgumentType] - a message

    return app


NOTHING_OUT = {
    "raises": (ValueError("secret"),),
    "returns": (),
    "only starts": (start(),),
    "starts twice": (start(), start()),
    "body first": (piece(b"x", more=False),),
    "injects": (start(200, (b"x", b"a\r\nset-cookie: b")), piece(b"", more=False)),
    "injects in a name": (start(200, (b"x\r\ny", b"a")), piece(b"", more=False)),
    "two lengths": (start(200, (b"content-length", b"1"), (b"content-length", b"2")),),
    "a wrong length": (start(200, (b"content-length", b"-1")),),
    "too short": (start(200, (b"content-length", b"9")), piece(b"x", more=False)),
    "too long": (start(200, (b"content-length", b"1")), piece(b"xyz", more=False)),
    "an interim status": (start(101),),
    "an unknown message": ({"type": "http.response.push"},),
}
CUT = {
    "raises": (start(), piece(b"part", more=True), ValueError("secret")),
    "returns": (start(), piece(b"part", more=True)),
    "too short": (
        start(200, (b"content-length", b"9")),
        piece(b"part", more=True),
        piece(b"", more=False),
    ),
    "too long": (
        start(200, (b"content-length", b"9")),
        piece(b"part", more=True),
        piece(b"part part", more=False),
    ),
}


@pytest.mark.parametrize("fault", NOTHING_OUT)
async def test_a_fault_before_the_first_byte_is_answered_with_500(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(app_that(*NOTHING_OUT[fault])) as running:
        (answer,) = await running.ask(get())
        assert answer.status == 500
        assert b"secret" not in answer.body
        assert answer.headers["connection"] == "close"
        logged = [r for r in caplog.records if r.levelno >= logging.ERROR]
        assert len(logged) == (0 if fault in {"returns", "only starts"} else 1)


@pytest.mark.parametrize("fault", CUT)
async def test_a_fault_after_the_first_byte_leaves_an_incomplete_answer(fault: str) -> None:
    async with serving(app_that(*CUT[fault])) as running:
        (answer,) = await running.ask(get())
        assert (answer.status, answer.body, answer.whole) == (200, b"part", False)


async def test_a_cut_answer_without_framing_ends_with_a_reset() -> None:
    async with serving(app_that(*CUT["returns"])) as running:
        client = await running.connect()
        client.writer.write(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await client.reader.read(-1)
        client.close()


async def test_an_app_may_reset_its_connection() -> None:
    async with serving(app_that(start(), {"type": "penstock.reset"})) as running:
        client = await running.connect()
        client.writer.write(get())
        with pytest.raises(ConnectionResetError):
            await client.reader.read(-1)
        client.close()
