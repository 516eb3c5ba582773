"""Facts in the gateway: refusals before the provider is asked, warnings of a model's end, the list
of models for the official client."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from gateway import toy_dialect
from gateway.conftest import Rig
from gateway.homes import KEY, make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import answers, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.call import CallStatus
from penstock.rules.models.facts import FactSource, Modality, ModelFacts, VendorFacts

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY = datetime.now(UTC).date()
SOON, LATER = TODAY + timedelta(days=12), TODAY + timedelta(days=300)
SOURCE = (FactSource("https://example.org/models", TODAY),)
TEXT = (Modality.TEXT,)
FACTS = VendorFacts(
    "acme",
    (
        ModelFacts(
            ("small",),
            SOURCE,
            context_tokens=8000,
            output_tokens=1000,
            inputs=TEXT,
            outputs=TEXT,
            tools=False,
            retires_on=SOON,
            replacement="large",
        ),
        ModelFacts(("large",), SOURCE, inputs=tuple(Modality)[:5], outputs=TEXT, retires_on=LATER),
    ),
    rejects_larger_output=True,
)
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
TOOL = {"type": "function", "function": {"name": "look"}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home: Path = tmp_path_factory.mktemp("facts") / "home"
    async with raw_upstream(answers(unary(b'{"id":"c","choices":[]}'))) as upstream:
        entries = [
            provider(upstream.url, vendor="acme"),
            provider(upstream.url, "reseller", models=("acme/small",)),
        ]
        make_home(home, entries, facts=[FACTS])
        async with worker(home, program=(toy_dialect.__file__,)) as running:
            yield Rig(upstream, running)


async def ask(rig: Rig, model: str, *parts: object, **members: object) -> Answer:
    content = [{"type": "text", "text": "Hello"}, *parts]
    document = {"model": model, "messages": [{"role": "user", "content": content}], **members}
    rig.upstream.seen.clear()
    return await call(rig.worker.url, json.dumps(document).encode())


@pytest.mark.parametrize(
    ("parts", "members", "message", "param"),
    [
        ([IMAGE], {}, "up/small cannot read images.", "messages"),
        ([], {"tools": [TOOL]}, "up/small cannot call tools.", "tools"),
        (
            [],
            {"max_tokens": 1001},
            "up/small writes at most 1000 tokens; the request allows 1001.",
            "max_tokens",
        ),
    ],
)
async def test_what_the_model_cannot_do_is_refused_before_the_provider_is_asked(
    rig: Rig, parts: list[object], members: dict[str, object], message: str, param: str
) -> None:
    answer = await ask(rig, "up/small", *parts, **members)
    assert answer.status == 400
    assert answer.error["message"].startswith(message)
    assert "https://example.org/models" in answer.error["message"]
    assert (answer.error["code"], answer.error["param"]) == ("unsupported_by_model", param)
    assert rig.upstream.seen == []
    end = await rig.end_of(answer.trace_id)
    assert (end.status, end.error_type) == (CallStatus.ERROR, "unsupported_by_model")


@pytest.mark.parametrize("model", ["up/large", "reseller/acme/small"])
async def test_a_request_that_may_succeed_reaches_the_provider(rig: Rig, model: str) -> None:
    answer = await ask(rig, model, IMAGE, tools=[TOOL], max_tokens=100_000)
    assert answer.status == 200
    assert len(rig.upstream.seen) == 1


async def test_a_body_that_cannot_be_read_is_the_providers_to_judge(rig: Rig) -> None:
    answer = await ask(rig, "up/small", {"type": 7, "url": "image_url"}, max_tokens="many")
    assert answer.status == 200


async def test_a_translated_request_is_judged_too(rig: Rig) -> None:
    body = {"engine": "up/small", "turns": [{"by": "user", "say": "Hi"}], "skills": ["weather"]}
    rig.upstream.seen.clear()
    key = b"x-toy-key: %b\r\n" % KEY.encode()
    answer = await call(
        rig.worker.url, json.dumps(body).encode(), path="/toy/ask", key=None, headers=key
    )
    assert answer.status == 400
    assert json.loads(answer.body)["fault"]["kind"] == "unsupported_by_model"
    assert rig.upstream.seen == []


async def test_the_record_warns_of_a_retirement_that_is_near(rig: Rig) -> None:
    for model, expected in (("up/small", SOON.isoformat()), ("up/large", "")):
        answer = await ask(rig, model)
        end = await rig.end_of(answer.trace_id)
        assert [one.retires_on for one in end.attempts] == [expected]


async def test_the_official_client_lists_models_with_their_facts(rig: Rig) -> None:
    async with rig.openai() as client:
        listed = {model.id: model.model_dump() async for model in client.models.list()}
    assert listed.keys() == {"small", "large", "acme/small"}
    small = listed["small"]
    assert (small["context_length"], small["shutdown_date"]) == (8000, SOON.isoformat())
    assert small["warning"] == f"small retires on {SOON.isoformat()}. Use large."
    assert small["architecture"]["input_modalities"] == ["text"]
    assert listed["large"]["shutdown_date"] == LATER.isoformat()
    assert "warning" not in listed["large"]
    assert listed["acme/small"]["context_length"] == 8000
    assert listed["acme/small"]["shutdown_date"] is None
