"""Files and batches through the gateway: the official client over a worker, with the simulator
behind it, and what the provider gets, on a plain socket.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from openai import APIStatusError, AsyncOpenAI

from gateway.conftest import Rig
from gateway.homes import KEY, LIMITED_KEY, OTHER_KEY, SECRET, make_home, provider
from gateway.http_client import call
from gateway.raw_upstream import answers, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.rules.call import CallStatus
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, Place
from penstock.rules.limits.documents import LimitEntry, Measure
from penstock.rules.limits.windows import WindowUnit
from penstock.rules.snapshot.providers import CredentialEntry
from sim.conftest import Sim
from tests.node import run_script

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILES = {"files": "yes"}
NODE = Path(__file__).parent / "node" / "openai_files.mjs"
URL = "/v1/chat/completions"


def line(model: str = "sim-small", number: int = 0, **changes: Any) -> bytes:
    body = {"model": model, "messages": [{"role": "user", "content": f"Hello, {number}!"}]}
    request = {"custom_id": str(number), "method": "POST", "url": URL, "body": body, **changes}
    return json.dumps(request).encode() + b"\n"


@pytest.fixture(scope="module")
def simulated() -> Iterator[Sim]:
    running = Sim({})
    yield running
    assert running.stop() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    simulated: Sim, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Worker]:
    home = tmp_path_factory.mktemp("files") / "home"
    base = f"{simulated.address}/v1"
    limit = LimitEntry(
        *("lim", "monthly", Measure.SPEND, Decimal(10), WindowUnit.MONTH),
        only={"use_case": ("metered",)},
    )
    check = Check("card_numbers", (Place.INPUT,), Action.BLOCK)
    policy = GuardrailPolicy("cards", "cards", (check,), only={"use_case": ("guarded",)})
    make_home(
        home,
        [
            provider(base, models=("small",), quirks=FILES),
            provider(base, "second", models=(), quirks=FILES),
            provider(base, "none", models=()),
        ],
        limits=[limit],
        guardrails=[policy],
    )
    async with worker(home) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(running: Worker) -> AsyncIterator[Any]:  # its overloads reject dictionaries
    async with connect(running) as client:
        yield client


def connect(running: Worker, key: str = KEY, named: str = "up", **headers: str) -> Any:
    return AsyncOpenAI(
        base_url=f"{running.url}/v1",
        api_key=key,
        max_retries=0,
        default_headers={"x-penstock-provider": named, **headers} if named else headers,
    )


async def uploaded(client: Any, *lines: bytes, purpose: str = "batch") -> Any:
    return await client.files.create(file=("lines.jsonl", b"".join(lines)), purpose=purpose)


async def rejection(coroutine: Any) -> tuple[int, str]:
    with pytest.raises(APIStatusError) as raised:
        await coroutine
    return raised.value.status_code, str(raised.value.code)


async def test_a_file_goes_up_and_down_with_one_id(client: Any, running: Worker) -> None:
    content = bytes(range(256)) * 2000
    file = await client.files.create(file=("a.bin", content), purpose="user_data")
    assert (file.filename, file.bytes, file.purpose) == ("a.bin", len(content), "user_data")
    assert file.id.startswith("file-ps_")
    found = await client.files.retrieve(file.id)
    assert found == file
    assert (await client.files.content(file.id)).read() == content
    removed = await client.files.delete(file.id)
    assert (removed.id, removed.deleted) == (file.id, True)
    assert await rejection(client.files.retrieve(file.id)) == (404, "not_found")
    end = (await running.wait_for_ends(5))[0]
    assert (end.begin.operation, end.begin.dialect) == ("file_upload", "openai_files")
    assert (end.provider, end.status, end.cost) == ("up", CallStatus.OK, "")
    shown = json.loads(end.request)
    assert (shown["purpose"], shown["file"]["size"]) == ("user_data", len(content))


async def test_a_batch_is_answered_and_its_files_are_found(client: Any) -> None:
    lines = [line(number=number) for number in range(3)]
    wrong = line(number=3, body={"model": "sim-small", "messages": []})
    file = await uploaded(client, *lines, wrong)
    batch = await client.batches.create(
        input_file_id=file.id, endpoint=URL, completion_window="24h", metadata={"a": "b"}
    )
    assert (batch.input_file_id, batch.metadata) == (file.id, {"a": "b"})
    async with asyncio.timeout(10):
        while (batch := await client.batches.retrieve(batch.id)).status != "completed":
            await asyncio.sleep(0.2)
    assert (batch.request_counts.total, batch.request_counts.failed) == (4, 1)
    content = (await client.files.content(batch.output_file_id)).text
    answered = [json.loads(one) for one in content.splitlines()]
    assert [one["custom_id"] for one in answered] == ["0", "1", "2"]
    assert answered[0]["response"]["body"]["choices"][0]["message"]["content"]
    assert "messages" in (await client.files.content(batch.error_file_id)).text
    assert (await client.files.retrieve(batch.output_file_id)).id == batch.output_file_id
    again = client.batches.create(
        input_file_id=batch.output_file_id, endpoint=URL, completion_window="24h"
    )
    assert await rejection(again) == (400, "not_a_batch_file")


async def test_a_batch_is_cancelled(client: Any, running: Worker) -> None:
    file = await uploaded(client, line())
    asked = {"input_file_id": file.id, "endpoint": URL, "completion_window": "24h"}
    batch = await client.batches.create(**asked)
    cancelled = await client.batches.cancel(batch.id)
    assert (cancelled.id, cancelled.status) == (batch.id, "cancelled")
    end = (await running.wait_for_ends(1))[-1]
    assert (end.begin.operation, end.begin.request_model) == ("batch_cancel", "sim-small")


async def test_an_id_of_another_project_or_of_the_provider_is_none(
    client: Any, running: Worker, simulated: Sim
) -> None:
    file = await uploaded(client, line())
    async with (
        connect(running, OTHER_KEY) as other,
        AsyncOpenAI(base_url=f"{simulated.address}/v1", api_key="k") as direct,
    ):
        newest = (await direct.files.list()).data[0]
        ids = [file.id, newest.id, file.id[:-1], file.id.replace("file-ps", "batch_ps"), "x" * 3000]
        for calls in (other.files, client.files):
            for name in ids[0 if calls is other.files else 1 :]:
                assert await rejection(calls.retrieve(name)) == (404, "file_not_found")
                assert await rejection(calls.content(name)) == (404, "file_not_found")
                assert await rejection(calls.delete(name)) == (404, "file_not_found")
        asked = {"endpoint": URL, "completion_window": "24h"}
        made = other.batches.create(input_file_id=file.id, **asked)
        assert await rejection(made) == (404, "file_not_found")
        batch = await client.batches.create(input_file_id=file.id, **asked)
        assert await rejection(other.batches.retrieve(batch.id)) == (404, "batch_not_found")
        assert await rejection(other.batches.cancel(batch.id)) == (404, "batch_not_found")
        assert await rejection(client.files.retrieve(batch.id)) == (404, "file_not_found")


async def test_nothing_is_listed(client: Any) -> None:
    assert await rejection(client.files.list()) == (400, "list_not_served")
    assert await rejection(client.batches.list()) == (400, "list_not_served")


async def test_a_key_sends_batches_of_its_models_only(client: Any, running: Worker) -> None:
    async with connect(running, LIMITED_KEY) as limited:
        assert await rejection(uploaded(limited, line("large"))) == (403, "model_not_allowed")
        file = await uploaded(limited, line("small"))
        asked = {"endpoint": URL, "completion_window": "24h"}
        assert (await limited.batches.create(input_file_id=file.id, **asked)).id
        of_others = await uploaded(client, line("large"))
        made = limited.batches.create(input_file_id=of_others.id, **asked)
        assert await rejection(made) == (403, "model_not_allowed")
    async with connect(running, LIMITED_KEY, "second") as limited:
        error = rejection(uploaded(limited, b"x", purpose="user_data"))
        assert await error == (403, "model_not_allowed")


@pytest.mark.parametrize(
    ("use_case", "code"), [("metered", "batch_not_metered"), ("guarded", "batch_not_guarded")]
)
async def test_a_batch_that_cannot_be_held_within_limits_or_checks_is_rejection(
    running: Worker, use_case: str, code: str
) -> None:
    async with connect(running, **{"x-penstock-use-case": use_case}) as client:
        file = await uploaded(client, line())
        made = client.batches.create(input_file_id=file.id, endpoint=URL, completion_window="24h")
        assert await rejection(made) == (403, code)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([line(), b"no json\n"], "Line 2"),
        ([line(), line("sim-large")], "Line 2"),
        ([line(), b"\n", line()], "Line 2"),
        ([line(url="/v1/files")], "/v1/files"),
        ([line(method="GET")], "Line 1"),
        ([line(body={"messages": []})], "model"),
        ([line()[:-2] + b',"body":{"model":"large"}}'], "twice"),
        ([line().replace(b'"body"', b'"Body"')], "Line 1"),
        ([line().replace(b'"model":', b'"model":"large","model":')], "twice"),
        ([line().replace(b'"url"', b'\r"url"')], "CR"),
        ([b""], "no requests"),
    ],
)
async def test_a_batch_file_that_is_wrong_is_refused_with_its_line(
    client: Any, lines: Sequence[bytes], says: str
) -> None:
    with pytest.raises(APIStatusError, match=says) as raised:
        await uploaded(client, *lines)
    assert (raised.value.status_code, raised.value.code) == (400, "invalid_batch_file")


async def test_an_upload_needs_a_provider_that_takes_files(running: Worker) -> None:
    expected = {
        "": (400, "provider_ambiguous"),
        "none": (403, "no_provider_of_files"),
        "nobody": (404, "provider_not_found"),
    }
    for named, error in expected.items():
        async with connect(running, named=named) as client:
            assert await rejection(uploaded(client, line())) == error
    async with connect(running, LIMITED_KEY, "") as client:  # it may use one of them
        assert (await uploaded(client, b"x", purpose="user_data")).id


async def test_wrong_methods_and_keys_are_rejection(running: Worker) -> None:
    answer = await call(running.url, b"", path="/v1/files", method="PUT")
    assert (answer.status, answer.error["code"]) == (405, "method_not_allowed")
    answer = await call(running.url, b"", path="/v1/files/x", method="POST")
    assert answer.status == 405
    answer = await call(running.url, b"", path="/v1/files/x", method="GET", key=None)
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
    named = b"x-penstock-provider: up\r\n"
    answer = await call(running.url, b"{}", path="/v1/files", headers=named)
    assert (answer.status, answer.error["code"]) == (400, "invalid_form")


@pytest_asyncio.fixture(loop_scope="module")
async def rotated(tmp_path: Path) -> AsyncIterator[Rig]:
    """A provider with two credentials."""
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        more = (CredentialEntry("second", "sec_2"),)
        make_home(
            tmp_path / "home",
            [provider(upstream.url, quirks=FILES, credentials=more)],
            secrets_by_id={"sec_2": "sk-second-credential"},
        )
        async with worker(tmp_path / "home") as started:
            yield Rig(upstream, started)


async def test_what_is_kept_stays_with_the_credential_that_made_it(rotated: Rig) -> None:
    rotated.answer(answers(unary(b'{"id":"file-1","object":"file"}')))
    async with connect(rotated.worker, named="") as client:
        file = await uploaded(client, line())
        for _ in range(3):
            await client.models.with_raw_response.list()
            assert (await client.files.retrieve(file.id)).id == file.id
    seen = [each.head for each in rotated.upstream.seen]
    assert [head.split(b" HTTP")[0] for head in seen] == [
        b"POST /v1/files",
        *[b"GET /v1/files/file-1"] * 3,
    ]
    assert all(b"authorization: Bearer " + SECRET.encode() in head for head in seen)


async def test_an_answer_without_an_id_is_an_error(rotated: Rig) -> None:
    for body in (b"{}", b"[]", b'{"id":7}', b"no json"):
        rotated.answer(answers(unary(body)))
        async with connect(rotated.worker, named="") as client:
            assert await rejection(uploaded(client, line())) == (502, "upstream_malformed")


async def test_the_node_client_uploads_and_runs_a_batch(running: Worker, tmp_path: Path) -> None:
    sent = line().decode()
    seen = await asyncio.to_thread(run_script, NODE, tmp_path, running.url, KEY, "up", sent)
    assert seen["content"] == sent
    assert seen["found"] == seen["input"]
    assert seen["status"] == "completed"
    assert [one["custom_id"] for one in seen["answers"]] == ["0"]
    assert seen["deleted"] is True
    assert seen["errors"] == ["NotFoundError 404", "BadRequestError 400"]


MIB = 1024 * 1024


@pytest_asyncio.fixture(loop_scope="module")
async def small(simulated: Sim, tmp_path: Path) -> AsyncIterator[Worker]:
    """A worker with a small limit of bodies and of uploads."""
    make_home(tmp_path / "home", [provider(f"{simulated.address}/v1", quirks=FILES)])
    limits = {"max_body_bytes": 100_000, "max_upload_bytes": 33 * MIB}
    async with worker(tmp_path / "home", limits=limits) as started:
        yield started


def anonymous_kib(running: Worker) -> int:
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0])


async def test_large_files_are_not_in_memory(small: Worker) -> None:
    content = bytes(range(256)) * (32 * MIB // 256)
    async with connect(small, named="") as client:
        file = await uploaded(client, b"x", purpose="user_data")
        before = anonymous_kib(small)
        sending = asyncio.ensure_future(uploaded(client, content, purpose="user_data"))
        most = before
        while not sending.done():
            most = max(most, anonymous_kib(small))
            await asyncio.sleep(0.005)
        assert (await sending).bytes == len(content)
        assert most - before < 8 * 1024
        assert (await client.files.content((await sending).id)).content == content
        with pytest.raises(APIStatusError, match="larger than"):
            await uploaded(client, content + bytes(2 * MIB), purpose="user_data")
        assert (await client.files.retrieve(file.id)).bytes == 1
        lines = line(number=1) + line(number=2, padding="x" * MIB) + line("other")
        with pytest.raises(APIStatusError, match="Line 3"):
            await uploaded(client, lines)


async def test_the_disk_of_an_upload_is_free_after_its_end(simulated: Sim, tmp_path: Path) -> None:
    make_home(tmp_path / "home", [provider(f"{simulated.address}/v1", quirks=FILES)])
    async with worker(tmp_path / "home", limits={"max_upload_bytes": 2 * MIB}) as running:
        async with connect(running, named="") as client:
            for _ in range(10):  # more than the space for all
                assert (await uploaded(client, bytes(MIB), purpose="user_data")).id
                wrong = uploaded(client, bytes(MIB), purpose="nothing")
                assert (await rejection(wrong))[0] == 400
        assert list((running.home / "uploads").iterdir()) == []
