"""Client tokens by the SDK, at a real gateway; the REST API takes none."""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openai
import pytest

from gateway.homes import KEY, make_home, provider
from gateway.raw_upstream import answers, raw_upstream
from gateway.test_limits import used
from gateway.worker import Worker, worker
from penstock.infra.crypto import derive_key, keyed_digest
from penstock.kernel.errors import Forbidden, InvalidRequest, Unauthenticated, UpstreamFailed
from penstock.rules.client_tokens import CLIENT_PURPOSE, WantedToken, new_token, sign
from penstock.sdk import ClientTokens
from tests.server.running import Server, by_key, running


async def test_a_token_of_the_sdk_calls_a_model(tmp_path: Path) -> None:
    async with raw_upstream(answers(used(10, 20))) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with worker(home) as gateway:
            made = await ClientTokens(gateway.url, KEY).create_async(
                "support", user="ada", models=["up/small"], requests=1, usd=Decimal("0.01")
            )
            assert made.expires_in_s == 600
            await _calls_once(gateway, made.token)
            await _is_refused_with_a_reason(gateway)


async def _calls_once(gateway: Worker, token: str) -> None:
    messages: list[openai.types.chat.ChatCompletionMessageParam] = [
        {"role": "user", "content": "hello"}
    ]
    url = f"{gateway.url}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key=token, max_retries=0) as client:
        create = client.chat.completions.create
        answer = await create(model="up/small", messages=messages, max_tokens=50)
        assert answer.choices[0].message.content == "hi"
        with pytest.raises(openai.RateLimitError):
            await create(model="up/small", messages=messages, max_tokens=50)
    with pytest.raises(Forbidden):
        await ClientTokens(gateway.url, token).create_async("support")


async def _is_refused_with_a_reason(gateway: Worker) -> None:
    with pytest.raises(InvalidRequest, match="lives 10 to 3600 seconds"):
        await ClientTokens(gateway.url, KEY).create_async("support", expires_in_s=1)
    with pytest.raises(Unauthenticated):
        await ClientTokens(gateway.url, "pk_wrong").create_async("support")
    with pytest.raises(UpstreamFailed, match="does not answer"):
        await ClientTokens("http://127.0.0.1:1", KEY).create_async("support")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "home") as found:
        yield found


def test_the_rest_api_takes_no_client_token(server: Server) -> None:
    master = bytes.fromhex((server.home / "master.key").read_text().strip())
    pepper = derive_key(master, "api key digest")
    digest = keyed_digest(pepper, server.bootstrap["api_key"])
    wanted = WantedToken("support")
    token = new_token(wanted, "ctk_1", digest, time.time_ns() // 10**6, None)
    caller = by_key(sign(token, derive_key(pepper, CLIENT_PURPOSE)))
    for path in ("/api/v1/session", f"/api/v1/projects/{server.project_id()}/keys"):
        assert server.call("GET", path, caller).status == 401
        assert server.call("GET", path, server.root).status == 200
