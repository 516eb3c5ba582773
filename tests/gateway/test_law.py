"""The law of the gateway's port: no route answers 500, and the gateway keeps running.

Its provider is down, so that what is asked for rightly is answered 502 or 503 of a named kind.
"""

import asyncio
import json
from pathlib import Path

from hypothesis import given

from gateway.homes import KEY, make_home, provider
from gateway.worker import Worker, worker
from tests.conftest import LawSettings
from tests.server.hostile import Generator, Ids, Operation, Request
from tests.server.hostile_world import LONGEST_S, send

_SMALL = 80
_TEXT = {"type": "string"}
_MESSAGE = {"type": "object", "properties": {"role": _TEXT, "content": _TEXT}}
_CHAT = {
    "type": "object",
    "required": ["model", "messages"],
    "properties": {
        "model": _TEXT,
        "messages": {"type": "array", "items": _MESSAGE},
        "stream": {"type": "boolean"},
        "n": {"type": "integer"},
        "temperature": {"type": "number"},
        "tools": {"type": "array", "items": {"type": "object"}},
        "stream_options": {"type": "object", "properties": {"include_usage": {"type": "boolean"}}},
    },
}
_EMBED = {
    "type": "object",
    "required": ["model", "input"],
    "properties": {"model": _TEXT, "input": {"type": "array", "items": _TEXT}},
}
OPERATIONS = [
    Operation("POST", "/v1/chat/completions", (), _CHAT),
    Operation("POST", "/v1/embeddings", (), _EMBED),
    Operation("GET", "/v1/models"),
    Operation("GET", "/{name}"),
    Operation("GET", "/healthz"),
    Operation("GET", "/metrics"),
]
ROLES = {
    "nobody": {},
    "garbage": {"authorization": "Bearer pk_x"},
    "gateway": {"authorization": f"Bearer {KEY}"},
}
_FAILED_UPSTREAM = {502, 503, 504}


async def test_no_route_of_the_gateway_answers_500(tmp_path: Path, law: LawSettings) -> None:
    home = make_home(tmp_path / "home", [provider("http://127.0.0.1:1/v1")])
    async with worker(home) as running:
        await asyncio.to_thread(_hold, running, law)


def _hold(running: Worker, law: LawSettings) -> None:
    ids = Ids({"model": ["mock/m", "m", "none/x"], "role": ["user", "tool"]})

    @law(_SMALL)
    @given(Generator(ids, {}, ROLES).requests(OPERATIONS))
    def holds(request: Request) -> None:
        answer = send(running.port, request)
        assert answer.status < 500 or answer.status in _FAILED_UPSTREAM, (request, answer)
        assert answer.seconds < LONGEST_S, request
        if answer.invalid:
            assert answer.status == 0 or 400 <= answer.status < 500, (request, answer)
        elif answer.status >= 400 and request.method != "HEAD" and "/v1/" in str(request.target):
            assert json.loads(answer.body)["error"]["message"], (request, answer)
        assert KEY.encode() not in answer.body
        well = send(running.port, Request("GET", b"/healthz", (), b"", "nobody"))
        assert well.status == 200

    holds()
    assert send(running.port, Request("GET", b"/metrics", (), b"", "nobody")).status < 500
