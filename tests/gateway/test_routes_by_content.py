"""Routes with targets for certain calls only, in a running worker."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.http_client import Answer, call
from gateway.raw_upstream import answers
from gateway.test_routes import BROKEN, WHOLE, Targets, failing, targets, to
from penstock.rules.snapshot.routes import RouteEntry, TargetCondition

pytestmark = pytest.mark.asyncio(loop_scope="module")

GERMAN = "Wie ist das Wetter in Berlin und nicht in der Stadt?"
ENGLISH = "What is the weather in Berlin and not in the city?"
CODE = "Why does it fail?\n```python\nprint(x)\n```"
IMAGE = "data:image/png;base64,iVBORw0KGgo="
ROUTE = RouteEntry(
    "by-content",
    1,
    (
        *to(0, when=TargetCondition(languages=("de", "fr"))),
        *to(1, when=TargetCondition(code=("python",), max_tokens=100)),
        *to(2, when=TargetCondition(media=("image",))),
        *to(3, when=TargetCondition(min_tokens=10_000)),
        *to(4, when=TargetCondition(headers={"x-plan": ("gold",)}, only={"tag:tier": ("gold",)})),
        *to(5, priority=1),
    ),
    max_attempts=1,
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Targets]:
    scripts = [answers(WHOLE)] * 6
    async with targets(tmp_path_factory.mktemp("content"), scripts, ROUTE) as found:
        yield found


def chat(content: object) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


def picture(text: str) -> dict[str, Any]:
    image = {"type": "image_url", "image_url": {"url": IMAGE}}
    return chat([{"type": "text", "text": text}, image])


GOLD = "x-plan: gold\r\nx-penstock-tags: tier=gold\r\n"
CASES: Mapping[str, tuple[str, dict[str, Any], str, str]] = {
    "German": ("/v1/chat/completions", chat(GERMAN), "", "p0"),
    "English": ("/v1/chat/completions", chat(ENGLISH), "", "p5"),
    "code": ("/v1/chat/completions", chat(CODE), "", "p1"),
    "long code": ("/v1/chat/completions", chat(CODE + " x" * 1000), "", "p5"),
    "picture": ("/v1/chat/completions", picture(ENGLISH), "", "p2"),
    "long": ("/v1/chat/completions", chat("word " * 10_000), "", "p3"),
    "header and tag": ("/v1/chat/completions", chat(ENGLISH), GOLD, "p4"),
    "header alone": ("/v1/chat/completions", chat(ENGLISH), "x-plan: gold\r\n", "p5"),
    "Messages": ("/v1/messages", chat(GERMAN) | {"max_tokens": 9}, "", "p0"),
    "Responses": ("/v1/responses", {"input": GERMAN}, "", "p0"),
    "no chat": ("/v1/embeddings", {"input": GERMAN}, "", "p5"),
    "no messages": ("/v1/chat/completions", {"messages": 5}, "", "p5"),
}


async def ask(rig: Targets, case: tuple[str, dict[str, Any], str, str]) -> Answer:
    path, body, headers, _ = case
    document = json.dumps({"model": "by-content"} | body).encode()
    return await call(rig.worker.url, document, path=path, headers=headers.encode())


@pytest.mark.parametrize("name", CASES)
async def test_a_call_reaches_the_target_that_is_for_it(rig: Targets, name: str) -> None:
    before = rig.seen()
    await ask(rig, CASES[name])
    counts = [after - earlier for after, earlier in zip(rig.seen(), before, strict=True)]
    assert [f"p{at}" for at, count in enumerate(counts) if count] == [CASES[name][3]]


async def test_a_failed_call_never_reaches_a_target_that_is_not_for_it(tmp_path: Path) -> None:
    german = TargetCondition(languages=("de",))
    english = TargetCondition(languages=("en",))
    members = (
        *to(0, when=german),
        *to(1, when=english, priority=1),
        *to(2, priority=2),
        *to(3, after=("unavailable",), when=german),
    )
    route = RouteEntry("by-content", 1, members, max_attempts=4)
    scripts = [failing(9, BROKEN), answers(WHOLE), failing(9, BROKEN), failing(9, BROKEN)]
    async with targets(tmp_path, scripts, route) as rig:
        answer = await ask(rig, CASES["German"])
        assert answer.status == 502
        tried = {provider for provider, _ in await rig.path(answer)}
        assert tried == {"p0", "p2", "p3"}
        answer = await ask(rig, CASES["English"])
        assert answer.status == 200
        assert [provider for provider, _ in await rig.path(answer)] == ["p1"]


async def test_a_call_without_a_target_says_what_to_add(tmp_path: Path) -> None:
    route = RouteEntry("by-content", 1, to(0, when=TargetCondition(languages=("de",))))
    async with targets(tmp_path, [answers(WHOLE)], route) as rig:
        answer = await ask(rig, CASES["English"])
        assert (answer.status, answer.error["code"]) == (404, "route_without_target")
        assert "without `when`" in answer.error["message"]
        assert rig.seen() == [0]
