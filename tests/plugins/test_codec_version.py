"""A change of the requests that we write raises the codec's version, which each attempt records.

`codec_digests.json` has the digests of a version. With another version, write them anew:
`pytest tests/plugins/test_codec_version.py --write-codec-digests`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.kernel.errors import InvalidRequest
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.call import Operation
from penstock.rules.sent_request import CODEC, request_digest
from penstock.spi.chat import OutgoingCall
from plugins.test_contract import BODIES, SERVED, Served

FILE = Path(__file__).with_name("codec_digests.json")
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CALLED = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"city":"ö"}'}}
LONG: dict[str, Any] = {
    "model": "m",
    "max_tokens": 64,
    "temperature": 0.5,
    "top_p": 0.9,
    "stop": ["END"],
    "seed": 7,
    "user": "u-1",
    "reasoning_effort": "low",
    "tools": [{"type": "function", "function": {"name": "f", "parameters": CITY}}],
    "tool_choice": "auto",
    "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "Wo? 😀"}]},
        {"role": "assistant", "content": None, "tool_calls": [CALLED]},
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
        {"role": "user", "content": "and?"},
    ],
}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "strict": True, "schema": CITY}}
REQUESTS: tuple[dict[str, Any], ...] = (
    BODIES["openai"],
    LONG,
    LONG | {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, IMAGE]}]},
    {"model": "m", "messages": LONG["messages"][:2], "response_format": SCHEMA},
)


def calls(served: Served) -> Iterator[OutgoingCall]:
    for stream in (False, True):
        for request in REQUESTS:
            read = OpenAISurface().read_conversation(json.dumps(request).encode())
            yield OutgoingCall(Operation.CHAT, served.model, stream, b"", conversation=read)
        if served.own is not None:
            body = json.dumps(BODIES[served.own.dialect]).encode()
            yield OutgoingCall(Operation.CHAT, served.model, stream, body)


def digest(served: Served, call: OutgoingCall) -> str:
    try:
        http = served.plugin.build(served.config, call).http
    except InvalidRequest:
        return "rejected"
    return request_digest(http.url, (), http.body).hex()


def test_the_requests_of_this_version_are_those_that_are_recorded(
    pytestconfig: pytest.Config,
) -> None:
    found = {one.name: [digest(one, call) for call in calls(one)] for one in SERVED}
    document = {"codec": CODEC, "digests": found}
    if pytestconfig.getoption("--write-codec-digests"):
        FILE.write_text(json.dumps(document, indent=1) + "\n")
    assert json.loads(FILE.read_text()) == document, (
        "Requests are written in another way: raise rules.sent_request.CODEC, and run this test"
        " with --write-codec-digests."
    )
