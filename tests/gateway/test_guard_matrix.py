"""Every cell of surface, streamed or not, place and action, on a running worker and a provider that
is a plain socket."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from gateway.conftest import Rig
from gateway.guard_cells import ARGUMENT, CELLS, TEXT, Cells
from gateway.homes import make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import STREAM_HEAD, Script, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.call import CallEnd
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, Place
from tests.rules.guard_streams import FORMATS
from tests.rules.guard_texts import CARDS, split

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARD = CARDS[0]
PLACEHOLDER = "[card number]"
ACTIONS = tuple(Action)
BOUNDARY = "xxxxxxxx"


def policy(place: Place, action: Action) -> GuardrailPolicy:
    name = f"{action} {place}"
    check = Check("card_numbers", (place,), action)
    return GuardrailPolicy(name, name, (check,), only={"use_case": (name,)})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("guarded") / "home"
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        base = upstream.url.removesuffix("/v1")
        make_home(
            home,
            [
                provider(upstream.url),
                provider(upstream.url, "own", models=(), quirks={"responses": "yes"}),
                provider(upstream.url, "pass", models=(), quirks={"passthrough": "yes"}),
                provider(base, "claude", kind="anthropic", models=()),
                provider(base, "gem", kind="gemini", models=()),
                provider(base, "co", kind="cohere", models=()),
                provider(base, "bed", kind="bedrock", models=()),
            ],
            guardrails=[policy(place, action) for place in Place for action in ACTIONS],
        )
        async with worker(home) as running:
            yield Rig(upstream, running)


def cells(*, requests: bool) -> Iterator[object]:
    for name, each in CELLS.items():
        for stream in (False, True) if each.stream else (False,):
            for place in each.requests if requests else each.answered:
                if not requests and "completions" in name and place is not Place.OUTPUT:
                    continue
                for action in ACTIONS:
                    how = "streamed" if stream else "whole"
                    yield pytest.param(
                        each, stream, place, action, id=f"{name}-{how}-{place}-{action}"
                    )


async def ask(
    rig: Rig, each: Cells, document: dict[str, object], place: Place, action: Action, stream: bool
) -> tuple[Answer, CallEnd]:
    headers = f"x-penstock-use-case: {action} {place}\r\n"
    if each.model:
        document = {"model": each.model, **document}
    path = each.path
    if stream and each.stream_path:
        path = each.stream_path
    elif stream:
        document = {**document, "stream": True}
    body = json.dumps(document).encode()
    kind = "application/json"
    if each.form:
        kind, body = f"multipart/form-data; boundary={BOUNDARY}", form(document)
    headers += f"content-type: {kind}\r\n"
    answer = await call(rig.worker.url, body, path=path, headers=headers.encode())
    return answer, await rig.end_of(answer.trace_id)


def form(document: dict[str, object]) -> bytes:
    fields = [('name="' + name + '"', str(value)) for name, value in document.items()]
    fields.append(('name="file"; filename="a.bin"', "\x00\x01"))
    parts = [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}\r\n"
        for name, value in fields
    ]
    return "".join([*parts, f"--{BOUNDARY}--\r\n"]).encode()


def planted(document: object) -> dict[str, object]:
    return json.loads(json.dumps(document).replace(TEXT, f"my {CARD}."))


def without_text(document: object) -> bytes:
    return json.dumps(document).replace(TEXT, "b").encode()


def streamed(name: str, text: str, arguments: str) -> Script:
    body = b"".join(FORMATS[name].write(split(text, [3]), split(arguments, [3])))
    head = STREAM_HEAD
    if name == "bedrock":
        head = head.replace(b"text/event-stream", b"application/vnd.amazon.eventstream")
    pieces = [chunk(body[at : at + 50]) for at in range(0, len(body), 50)]
    return answers(head, *pieces, b"0\r\n\r\n", close=True)


@pytest.mark.parametrize(("each", "stream", "place", "action"), list(cells(requests=True)))
async def test_a_request(
    guarded: Rig, each: Cells, stream: bool, place: Place, action: Action
) -> None:
    if stream and each.stream:
        guarded.answer(streamed(each.stream[0], "b", "{}"))
    else:
        guarded.answer(answers(unary(without_text(each.whole or {}))))
    answer, end = await ask(guarded, each, planted(each.requests[place]), place, action, stream)
    (result,) = end.check_results
    assert (result.policy, result.place, result.action) == (f"{action} {place}", place, action)
    assert result.count >= 1
    if action is Action.BLOCK:
        assert (answer.status, guarded.upstream.seen) == (400, [])
        assert b"guardrail policy" in answer.body
        assert (end.attempts, end.error_type) == ((), "guardrail_blocked")
        assert CARD.encode() not in answer.body + end.request + end.error_message.encode()
        return
    assert answer.status == 200, answer.body
    (seen,) = guarded.upstream.seen
    done = "flagged" if action is Action.FLAG else "redacted"
    assert answer.headers["x-penstock-guardrails"].startswith(f"{done}=card_numbers:")
    kept, gone = (CARD, PLACEHOLDER) if action is Action.FLAG else (PLACEHOLDER, CARD)
    for body in (seen.body, end.request):
        assert kept.encode() in body
        assert gone.encode() not in body


@pytest.mark.parametrize(("each", "stream", "place", "action"), list(cells(requests=False)))
async def test_an_answer(
    guarded: Rig, each: Cells, stream: bool, place: Place, action: Action
) -> None:
    text, argument = (f"my {CARD}.", "b") if place is Place.OUTPUT else ("b", CARD)
    if stream and each.stream:
        guarded.answer(streamed(each.stream[0], text, json.dumps({"a": [argument]})))
    else:
        whole = json.dumps(each.whole).replace(TEXT, text).replace(ARGUMENT, argument)
        guarded.answer(answers(unary(whole.encode())))
    request = json.loads(without_text(each.requests[Place.INPUT]))
    answer, end = await ask(guarded, each, request, place, action, stream)
    assert {(result.place, result.action) for result in end.check_results} == {(place, action)}
    if action is Action.BLOCK:
        assert not (answer.status == 200 and answer.whole)
        unfinished = stream and each.path.startswith("/passthrough/")  # it has no error event
        assert unfinished or b"guardrail policy" in answer.body
        assert end.error_type == "guardrail_blocked"
        assert CARD.encode() not in answer.body + end.response
        return
    assert answer.status == 200, answer.body
    body = answer.body.decode()
    if stream and each.stream:
        assert answer.whole
        read = FORMATS[each.stream[1]].read(answer.body)
        body = read[place is Place.TOOL_ARGUMENTS]
    kept, gone = (CARD, PLACEHOLDER) if action is Action.FLAG else (PLACEHOLDER, CARD)
    for got in (body, end.response.decode()):
        assert kept in got
        assert gone not in got
