"""Media that a request names by URL: fetched for a provider that wants bytes, or refused."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from openai import APIStatusError, AsyncOpenAI, BadRequestError

from gateway.conftest import Rig
from gateway.homes import make_home, provider
from gateway.media_server import PDF, PNG, MediaServer, media_server
from gateway.raw_upstream import answers, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.snapshot.providers import ProviderEntry
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEDROCK = unary(
    b'{"output":{"message":{"role":"assistant","content":[{"text":"a cat"}]}},'
    b'"stopReason":"end_turn","usage":{"inputTokens":9,"outputTokens":2,"totalTokens":11}}'
)
CHAT = unary(
    b'{"id":"x","object":"chat.completion","created":1,"model":"small","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"a cat"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}'
)


@dataclass
class Fetching:
    """A worker whose provider `bed` gets media as bytes; `strict` is the same without that."""

    rig: Rig
    media: MediaServer
    client: AsyncOpenAI

    async def ask(self, model: str, *urls: str, **options: Any) -> Any:
        parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        content: Any = [{"type": "text", "text": "What is this?"}, *parts]
        return await self.client.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": content}], **options
        )

    async def rejected(self, model: str, *urls: str) -> APIStatusError:
        """The error of a request; no provider has seen it."""
        self.rig.answer(answers(BEDROCK))
        with pytest.raises(BadRequestError) as raised:
            await self.ask(model, *urls)
        assert self.rig.upstream.seen == []
        return raised.value

    def sent(self) -> Any:
        return json.loads(self.rig.upstream.seen[-1].body)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fetching(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fetching]:
    home = tmp_path_factory.mktemp("media") / "home"
    fetch = {"media_urls": "fetch"}
    async with media_server() as media, raw_upstream(answers(BEDROCK)) as upstream:
        base = upstream.url.removesuffix("/v1")

        def bedrock(name: str, **changes: object) -> ProviderEntry:
            return provider(base, name, kind="bedrock", models=("small",), **changes)

        providers = [
            bedrock("bed", quirks=fetch),
            bedrock("strict"),
            bedrock("hasty", quirks=fetch, total_timeout_ms=300),
            provider(upstream.url, "local", models=("small",), quirks=fetch),
            provider(upstream.url, "plain", models=("small",)),
        ]
        targets = (RouteTarget("bed", "small"), RouteTarget("plain", "small"))
        make_home(home, providers, routes=[RouteEntry(name="either", version=1, targets=targets)])
        limits = {"media_private_hosts": [f"127.0.0.1:{media.port}"]}
        async with worker(home, limits=limits) as running:
            rig = Rig(upstream, running)
            async with rig.openai() as client:
                yield Fetching(rig, media, client)


async def test_an_image_is_fetched_sent_as_bytes_and_recorded(fetching: Fetching) -> None:
    fetching.rig.answer(answers(BEDROCK))
    raw = await fetching.ask("bed/small", fetching.media.url("png"))
    assert raw.parse().choices[0].message.content == "a cat"
    image = fetching.sent()["messages"][0]["content"][1]["image"]
    assert image["format"] == "png"
    assert base64.b64decode(image["source"]["bytes"]) == PNG
    what = f"image image/png {len(PNG)} bytes sha256:{hashlib.sha256(PNG).hexdigest()}"
    assert raw.headers["x-penstock-translation"] == f"fetched={what}"
    end = await fetching.rig.end_of(raw.headers["x-penstock-trace-id"])
    assert end.attempts[0].changes == (f"fetched:{what}",)
    assert base64.b64encode(PNG) not in end.request


async def test_the_content_decides_its_type(fetching: Fetching) -> None:
    fetching.rig.answer(answers(BEDROCK))
    await fetching.ask("bed/small", fetching.media.url("unlabelled"))
    assert fetching.sent()["messages"][0]["content"][1]["image"]["format"] == "png"


async def test_a_document_of_another_format_is_fetched(fetching: Fetching) -> None:
    fetching.rig.answer(answers(CHAT))
    part = {"type": "document", "source": {"type": "url", "url": fetching.media.url("pdf")}}
    answer = await fetching.client.post(
        "/messages",
        cast_to=object,
        body={
            "model": "local/small",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": [part]}],
        },
    )
    assert answer
    file = fetching.sent()["messages"][0]["content"][0]["file"]
    assert file["file_data"] == f"data:application/pdf;base64,{base64.b64encode(PDF).decode()}"


async def test_a_provider_of_the_same_format_gets_bytes_if_it_wants_them(
    fetching: Fetching,
) -> None:
    fetching.rig.answer(answers(CHAT))
    await fetching.ask("local/small", fetching.media.url("png"), seed=7)
    sent = fetching.sent()
    data = base64.b64encode(PNG).decode()
    url = sent["messages"][0]["content"][1]["image_url"]["url"]
    assert (url, sent["seed"]) == (f"data:image/png;base64,{data}", 7)


async def test_the_url_passes_where_the_format_takes_it(fetching: Fetching) -> None:
    fetching.rig.answer(answers(CHAT))
    fetching.media.asked.clear()
    url = fetching.media.url("png")
    await fetching.ask("plain/small", url)
    assert fetching.sent()["messages"][0]["content"][1]["image_url"]["url"] == url
    assert fetching.media.asked == []


async def test_without_the_setting_the_error_says_how_to_allow_it(fetching: Fetching) -> None:
    error = await fetching.rejected("strict/small", fetching.media.url("png"))
    assert (error.code, error.param) == ("not_translatable", "media.url")
    assert "media_urls = fetch" in error.message


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("lie", "its content is no image of a known type"),
        ("pdf", "its content is no image of a known type"),
        ("missing", "its server answered 404"),
        ("teapot", "its server answered 418"),
        ("large", "it is larger than 10485760 bytes"),
        ("endless", "it is larger than 10485760 bytes"),
        ("loop", "redirects more than 3 times"),
        ("to/http://127.0.0.1:9/png", "resolves to an address that is not allowed"),
        ("to/http://169.254.169.254/latest", "resolves to an address that is not allowed"),
        ("to/http://[::ffff:127.0.0.1]/png", "resolves to an address that is not allowed"),
        ("to/http://2130706433/png", "The URL cannot be used"),
        ("to/file:///etc/passwd", "The URL cannot be used"),
    ],
)
async def test_hostile_servers_get_a_clear_error(
    fetching: Fetching, path: str, reason: str
) -> None:
    error = await fetching.rejected("bed/small", fetching.media.url(path))
    assert error.code == "media_not_fetched"
    assert reason in error.message


async def test_a_redirect_is_followed(fetching: Fetching) -> None:
    fetching.rig.answer(answers(BEDROCK))
    await fetching.ask("bed/small", fetching.media.url("to//png"))
    assert len(fetching.rig.upstream.seen) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9/a",
        "http://10.1.2.3/a?signature=secret",
        "http://user@host/a",
        "http://[x",
        "https://",
    ],
)
async def test_private_addresses_need_a_setting_and_no_query_is_quoted(
    fetching: Fetching, url: str
) -> None:
    error = await fetching.rejected("bed/small", url)
    assert error.code == "media_not_fetched"
    assert "secret" not in error.message


async def test_a_slow_server_takes_the_time_of_the_request(fetching: Fetching) -> None:
    error = await fetching.rejected("hasty/small", fetching.media.url("slow"))
    assert "in time" in error.message or "did not arrive in 0.3 s" in error.message


async def test_too_many_media_are_refused_before_the_first_is_fetched(fetching: Fetching) -> None:
    fetching.media.asked.clear()
    urls = [fetching.media.url(f"png/{number}") for number in range(21)]
    error = await fetching.rejected("bed/small", *urls)
    assert "at most 20" in error.message
    assert fetching.media.asked == []


async def test_media_together_are_not_larger_than_a_request_may_be(fetching: Fetching) -> None:
    error = await fetching.rejected(
        "bed/small", *[fetching.media.url(f"big/{number}") for number in range(2)]
    )
    assert "larger than 15728640 bytes" in error.message


async def test_a_route_goes_on_to_a_target_that_takes_the_url(fetching: Fetching) -> None:
    fetching.rig.answer(answers(CHAT))
    raw = await fetching.ask("either", fetching.media.url("missing"))
    assert raw.parse().choices[0].message.content == "a cat"
    assert len(fetching.rig.upstream.seen) == 1
    sent = fetching.sent()["messages"][0]["content"][1]["image_url"]["url"]
    assert sent == fetching.media.url("missing")


async def test_each_medium_is_fetched_once_in_a_request(fetching: Fetching) -> None:
    fetching.rig.answer(answers(BEDROCK))
    fetching.media.asked.clear()
    await fetching.ask("bed/small", fetching.media.url("png"), fetching.media.url("png"))
    assert fetching.media.asked == ["png"]
    blocks = fetching.sent()["messages"][0]["content"]
    assert blocks[1] == blocks[2]
