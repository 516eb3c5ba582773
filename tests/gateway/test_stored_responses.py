"""Responses and files that a provider keeps, in later requests: the official client over a worker,
with the simulator behind it, and what the provider gets, on a plain socket."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from openai import APIStatusError, AsyncOpenAI

from gateway import responses_api as api
from gateway.conftest import Rig
from gateway.homes import KEY, OTHER_KEY, SECRET, make_home, provider
from gateway.http_client import call
from gateway.raw_upstream import STREAM_HEAD, answers, chunk, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.rules.limits.documents import LimitEntry, Measure
from penstock.rules.limits.windows import WindowUnit
from penstock.rules.snapshot.providers import CredentialEntry
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from sim.conftest import Sim

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEEPS = {"files": "yes", "responses": "yes"}
SECOND = "sk-second-credential"
ROUTES = (
    RouteEntry("both", 1, (RouteTarget("other", "small"), RouteTarget("up", "small"))),
    RouteEntry("others", 1, (RouteTarget("other", "small"),)),
)


@pytest.fixture(scope="module")
def simulated() -> Iterator[Sim]:
    running = Sim({})
    yield running
    assert running.stop() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    simulated: Sim, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Worker]:
    home = tmp_path_factory.mktemp("stored") / "home"
    base = f"{simulated.address}/v1"
    limit = LimitEntry(
        *("lim", "monthly", Measure.SPEND, Decimal(10), WindowUnit.MONTH),
        only={"use_case": ("metered",)},
    )
    make_home(
        home,
        [
            provider(base, quirks=KEEPS),
            provider(base, "other", quirks=KEEPS),
            provider(base, "chat", quirks={"files": "yes"}),
        ],
        routes=ROUTES,
        limits=[limit],
    )
    async with worker(home) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(running: Worker) -> AsyncIterator[Any]:  # its overloads reject dictionaries
    async with connect(running) as client:
        yield client


def connect(running: Worker, key: str = KEY, named: str = "up", **headers: str) -> Any:
    named_provider = {"x-penstock-provider": named}
    return AsyncOpenAI(
        base_url=f"{running.url}/v1",
        api_key=key,
        max_retries=0,
        default_headers={**named_provider, **headers},
    )


async def rejection(coroutine: Any) -> tuple[int, str]:
    with pytest.raises(APIStatusError) as raised:
        await coroutine
    return raised.value.status_code, str(raised.value.code)


async def file_of(client: Any) -> str:
    file = await client.files.create(file=("a.pdf", b"%PDF-1.7 a"), purpose="user_data")
    return file.id


def naming(file: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "input_file", "file_id": file}]}]


async def test_a_response_is_continued_shown_and_removed(client: Any, running: Worker) -> None:
    first = await client.responses.create(model="up/small", input="One")
    assert first.id.startswith("resp_ps_")
    second = await client.responses.create(
        model="up/small", input="Two", previous_response_id=first.id
    )
    assert second.previous_response_id == first.id
    assert second.usage.input_tokens > first.usage.input_tokens
    assert await client.responses.retrieve(second.id) == second
    (item,) = (await client.responses.input_items.list(second.id)).data
    assert item.content[0].text == "Two"
    await client.responses.delete(second.id)
    assert await rejection(client.responses.retrieve(second.id)) == (404, "not_found")
    ends = await running.wait_for_ends(6)
    assert [end.begin.operation for end in ends[-4:]] == [
        *("response_get", "response_items", "response_delete", "response_get")
    ]
    assert ends[-4].begin.dialect == "openai_responses"
    assert json.loads(ends[-4].response)["id"] == second.id
    assert (ends[-4].cost, ends[-4].usage.input_tokens) == ("", 0)


async def test_a_stream_has_one_id_and_is_continued(client: Any) -> None:
    async with client.responses.stream(model="up/small", input="One") as events:
        ids = {each.response.id async for each in events if hasattr(each, "response")}
        first = await events.get_final_response()
    assert ids == {first.id}
    async with client.responses.stream(
        model="up/small", input="Two", previous_response_id=first.id
    ) as events:
        assert (await events.get_final_response()).previous_response_id == first.id
    assert (await client.responses.retrieve(first.id)).output_text == first.output_text


async def test_a_response_in_the_background_is_polled_and_cancelled(
    client: Any, running: Worker
) -> None:
    begun = await client.responses.create(model="up/small", input="One", background=True)
    assert (begun.status, begun.background) == ("queued", True)
    assert (await client.responses.retrieve(begun.id)).status == "in_progress"
    done = await client.responses.retrieve(begun.id)
    assert (done.id, done.status, bool(done.output_text)) == (begun.id, "completed", True)
    other = await client.responses.create(model="up/small", input="Two", background=True)
    cancelled = await client.responses.cancel(other.id)
    assert (cancelled.id, cancelled.status) == (other.id, "cancelled")
    assert await rejection(client.responses.retrieve(other.id, stream=True)) == (
        *(400, "stream_not_served"),
    )
    async with connect(running, **{"x-penstock-use-case": "metered"}) as metered:
        made = metered.responses.create(model="up/small", input="One", background=True)
        assert await rejection(made) == (403, "batch_not_metered")
        assert (await metered.responses.create(model="up/small", input="One")).output


async def test_an_id_that_is_none_of_the_project_is_rejected(
    client: Any, running: Worker, simulated: Sim
) -> None:
    first = await client.responses.create(model="up/small", input="One")
    file = await file_of(client)
    async with (
        connect(running, OTHER_KEY) as other,
        AsyncOpenAI(base_url=f"{simulated.address}/v1", api_key="k") as direct,
    ):
        plain = await direct.responses.create(model="m", input="Plain")
        changed = first.id[:-1] + ("A" if first.id[-1] != "A" else "B")
        of_kind = file.replace("file-ps_", "resp_ps_")
        wrong = [plain.id, changed, of_kind, file, "x" * 3000, "resp_\0"]
        for calls, names in ((other, [first.id]), (client, wrong)):
            for name in names:
                made = calls.responses.create(
                    model="up/small", input="Two", previous_response_id=name
                )
                assert await rejection(made) == (404, "response_not_found")
        for name in (plain.id, changed, of_kind):
            for made in (
                client.responses.retrieve(name),
                client.responses.delete(name),
                client.responses.cancel(name),
                client.responses.input_items.list(name),
            ):
                assert await rejection(made) == (404, "response_not_found")
        assert await rejection(other.responses.retrieve(first.id)) == (404, "response_not_found")
        newest = (await direct.files.list()).data[0]
        for calls, name in ((other, file), (client, newest.id), (client, first.id)):
            made = calls.responses.create(model="up/small", input=naming(name))
            assert await rejection(made) == (404, "file_not_found")


async def test_a_file_in_a_request_is_found_at_its_provider(client: Any, running: Worker) -> None:
    file = await file_of(client)
    for model in ("up/small", "both"):  # the first target of the route does not have it
        answer = await client.responses.create(model=model, input=naming(file))
        assert answer.output_text
        end = (await running.wait_for_ends(1))[-1]
        assert end.provider == "up"
        assert json.loads(end.request)["input"] == naming(file)
        (item,) = (await client.responses.input_items.list(answer.id)).data
        assert item.content[0].file_id == file


async def test_what_a_model_cannot_reach_is_rejected(client: Any, running: Worker) -> None:
    file = await file_of(client)
    first = await client.responses.create(model="up/small", input="One")
    for model in ("other/small", "others", "chat/small"):
        made = client.responses.create(model=model, input=naming(file))
        assert await rejection(made) == (400, "kept_elsewhere")
    for model in ("other/small", "others"):
        made = client.responses.create(model=model, input="Two", previous_response_id=first.id)
        assert await rejection(made) == (400, "kept_elsewhere")
    made = client.responses.create(model="chat/small", input="Two", previous_response_id=first.id)
    assert await rejection(made) == (400, "not_translatable")
    async with connect(running, named="other") as second:
        elsewhere = await file_of(second)
    made = client.responses.create(model="up/small", input=naming(file) + naming(elsewhere))
    assert await rejection(made) == (400, "several_credentials")


@pytest_asyncio.fixture(loop_scope="module")
async def rotated(tmp_path: Path) -> AsyncIterator[Rig]:
    """A provider with two credentials, and one that keeps files and has no Responses API."""
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        more = (CredentialEntry("second", "sec_2"),)
        make_home(
            tmp_path / "home",
            [
                provider(upstream.url, quirks=KEEPS, credentials=more),
                provider(upstream.url, "chat", quirks={"files": "yes"}),
                provider(upstream.url, "claude", kind="anthropic"),
            ],
            routes=(RouteEntry("twice", 1, (RouteTarget("up", "small"),)),),
            secrets_by_id={"sec_2": SECOND},
        )
        async with worker(tmp_path / "home") as started:
            yield Rig(upstream, started)


def credential(rig: Rig, at: int = -1) -> str:
    found = re.search(rb"authorization: Bearer (\S+)", rig.upstream.seen[at].head)
    assert found
    return found[1].decode()


async def test_a_conversation_stays_with_its_credential(rotated: Rig) -> None:
    rotated.answer(answers(unary(json.dumps(api.response(api.message("Hi"))).encode())))
    async with connect(rotated.worker) as client:
        by_credential: dict[str, Any] = {}
        for _ in range(2):
            made = await client.responses.create(model="up/small", input="One")
            by_credential[credential(rotated)] = made.id
        assert set(by_credential) == {SECRET, SECOND}
        for secret, name in by_credential.items():
            for model in ("up/small", "up/large", "twice"):
                asked = {"model": model, "input": "Two", "previous_response_id": name}
                again = await client.responses.create(**asked)
                assert (credential(rotated), again.id) == (secret, name)
                sent = json.loads(rotated.upstream.seen[-1].body)
                assert sent["previous_response_id"] == "resp_1"
            await client.responses.cancel(name)
            assert credential(rotated) == secret
            assert b"POST /v1/responses/resp_1/cancel" in rotated.upstream.seen[-1].head
    rotated.answer(answers(unary(b'{"error":{"message":"slow down"}}', "429 Slow")))
    async with connect(rotated.worker) as client:
        for secret, name in by_credential.items():
            for model in ("up/small", "twice"):
                asked = {"model": model, "input": "Two", "previous_response_id": name}
                before = len(rotated.upstream.seen)
                assert (await rejection(client.responses.create(**asked)))[0] == 429
                used = {credential(rotated, at) for at in range(before, len(rotated.upstream.seen))}
                assert used <= {secret}


async def test_a_chat_names_a_file(rotated: Rig) -> None:
    rotated.answer(answers(unary(b'{"id":"file-1","object":"file"}')))
    async with connect(rotated.worker) as client:
        file = await file_of(client)
    completion = b'{"id":"c","choices":[{"index":0,"message":{"content":"Hi"}}]}'
    rotated.answer(answers(unary(completion)))
    body = (
        b'{"messages": [{"role":"user", "content":[{"type":"file","file":{"file_id": "%b"}},'
        b'{"type":"text","text":"\\u00e9 %b"}]}],"metadata":{"file_id":"m"} , "model":"up/small"}'
    ) % (file.encode(), file.encode())
    for _ in range(3):
        answer = await call(rotated.worker.url, body)
        assert answer.status == 200
        sent = body.replace(b'"%b"' % file.encode(), b'"file-1"').replace(b"up/small", b"small")
        assert rotated.upstream.seen[-1].body == sent
        assert credential(rotated) == SECRET
        assert (await rotated.end_of(answer.trace_id)).request == body
    answer = await call(rotated.worker.url, body.replace(b"up/small", b"chat/small"))
    assert (answer.status, answer.error["code"]) == (400, "kept_elsewhere")
    answer = await call(rotated.worker.url, body.replace(file.encode(), b"file-1"))
    assert (answer.status, answer.error["code"]) == (404, "file_not_found")


async def test_a_file_in_anthropics_format_is_rejected(rotated: Rig) -> None:
    source = {"type": "file", "file_id": "file_1"}
    message = {"role": "user", "content": [{"type": "document", "source": source}]}
    body = {"model": "claude/small", "max_tokens": 9, "messages": [message]}
    answer = await call(rotated.worker.url, json.dumps(body).encode(), path="/v1/messages")
    assert (answer.status, "no files in Anthropic's format" in answer.body.decode()) == (400, True)
    assert rotated.upstream.seen == []


@pytest.mark.parametrize(
    "id_", [7, None, "", "x" * 1_000_000, ["resp_1"], {"id": "resp_1"}, "~missing"]
)
async def test_an_odd_id_of_the_provider_passes(rotated: Rig, id_: Any) -> None:
    document = api.response(api.message("Hi"), id=id_)
    if id_ == "~missing":
        del document["id"]
    rotated.answer(answers(unary(json.dumps(document).encode())))
    asked = {"model": "up/small", "input": "Hi"}
    answer = await call(rotated.worker.url, json.dumps(asked).encode(), path="/v1/responses")
    assert (answer.status, json.loads(answer.body)) == (200, document)
    last = api.event({"type": "response.completed", "response": document})
    rotated.answer(answers(STREAM_HEAD, chunk(last), b"0\r\n\r\n", close=True))
    streamed = json.dumps({**asked, "stream": True}).encode()
    answer = await call(rotated.worker.url, streamed, path="/v1/responses")
    assert (answer.status, answer.body) == (200, last)


@pytest.mark.parametrize("pieces", [1, 700, 70_000])
async def test_ids_in_a_large_answer_are_the_gateways(rotated: Rig, pieces: int) -> None:
    rotated.answer(answers(unary(json.dumps(api.response(api.message("Hi"))).encode())))
    asked = {"model": "up/small", "input": "Hi"}
    first = await call(rotated.worker.url, json.dumps(asked).encode(), path="/v1/responses")
    name = json.loads(first.body)["id"]
    large = api.response(api.message("x" * 200_000), previous_response_id="resp_1")
    body = json.dumps(large).encode()
    cut = [
        body[:-900],
        *(body[at : at + pieces] for at in range(len(body) - 900, len(body), pieces)),
    ]
    head = STREAM_HEAD.replace(b"text/event-stream", b"application/json")
    rotated.answer(answers(head, *map(chunk, cut), b"0\r\n\r\n"))
    asked |= {"previous_response_id": name}
    answer = await call(rotated.worker.url, json.dumps(asked).encode(), path="/v1/responses")
    assert answer.whole
    assert json.loads(answer.body) == {**large, "id": name, "previous_response_id": name}


async def test_a_cached_answer_keeps_its_id(rotated: Rig) -> None:
    rotated.answer(answers(unary(json.dumps(api.response(api.message("Hi"))).encode())))
    async with connect(rotated.worker, **{"x-penstock-cache": "300"}) as client:
        first = await client.responses.create(model="up/small", input="Cached")
        again = await client.responses.create(model="up/small", input="Cached")
        assert (again.id, len(rotated.upstream.seen)) == (first.id, 1)
        asked = {"model": "up/small", "input": "Two", "previous_response_id": again.id}
        assert (await client.responses.create(**asked)).output_text == "Hi"


@pytest.mark.parametrize(
    "members",
    [
        b'"previous_response_id":"resp_1","previous_response_id":null',
        b'"previous\\u005fresponse_id":"resp_1"',
        b'"previous_response_id":null,"Previous_Response_ID":"resp_1"',
        b'"conversation":{"id":"conv_1"}',
    ],
)
async def test_a_plain_id_does_not_pass_in_another_spelling(rotated: Rig, members: bytes) -> None:
    body = b'{"model":"up/small","input":"Hi",%b}' % members
    answer = await call(rotated.worker.url, body, path="/v1/responses")
    assert answer.status in (400, 404)
    assert rotated.upstream.seen == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/responses", naming("\ud800")),
        ("/v1/chat/completions", [{"role": "user", "content": [{"file": {"file_id": "\ud800"}}]}]),
    ],
)
async def test_an_id_that_is_no_text_is_rejected(rotated: Rig, path: str, body: Any) -> None:
    members = {"model": "up/small", "input" if "responses" in path else "messages": body}
    sent = json.dumps(members).encode()
    for wrong in (sent, sent.replace(b"\\ud800", b"\xff")):
        answer = await call(rotated.worker.url, wrong, path=path)
        assert answer.status in (400, 404)
    assert rotated.upstream.seen == []


async def test_a_request_names_few_files(client: Any) -> None:
    file = await file_of(client)
    (part,) = naming(file)[0]["content"]
    for count, code in ((1000, ""), (1001, "too_many_ids")):
        made = client.responses.create(
            model="up/small", input=[{"role": "user", "content": [part] * count}]
        )
        if code:
            assert await rejection(made) == (400, code)
        else:
            assert (await made).output_text
