"""Azure OpenAI with Entra ID: a token for the client secret, fetched before it is needed and once
for all calls. The token server is a socket that answers as Microsoft's documentation says."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import pytest
import pytest_asyncio
from openai import AsyncOpenAI, InternalServerError

from gateway.conftest import Rig
from gateway.homes import make_home, provider
from gateway.raw_upstream import Exchanged, RawUpstream, answers, raw_upstream, unary
from gateway.test_credentials import HandClock
from gateway.worker import worker
from penstock.gateway.credentials import CredentialPool, CredentialPools, NamedSecret
from penstock.kernel.errors import UpstreamFailed
from penstock.plugins.providers.azure import create
from penstock.spi.chat import ProviderConfig
from penstock.spi.http import HttpAnswer, HttpRequest

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "client-secret~of.a-principal"
ANSWER = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}}]}
WHOLE = unary(json.dumps({"id": "c", "model": "m", **ANSWER}).encode())
REFUSED = {
    "error": "invalid_client",
    "error_description": f"AADSTS7000215: Invalid client secret {PASSWORD}.\r\nTrace ID: 1",
}


def principal(authority: str = "https://login.example.com") -> str:
    found = {"appId": "app-1", "displayName": "x", "password": PASSWORD, "tenant": "tenant-1"}
    return json.dumps({**found, "authority": authority})


def token(name: str, **more: object) -> bytes:
    return json.dumps(
        {"token_type": "Bearer", "expires_in": 3599, "access_token": name, **more}
    ).encode()


@dataclass
class Server:
    """A token server in the place of the network: it waits until its gate opens."""

    asked: list[HttpRequest] = field(default_factory=list)
    status: int = 200
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(
        self,
        request: HttpRequest,
        *,
        timeout_s: float,
        private_allowed: bool = False,
        max_bytes: int = 0,
    ) -> HttpAnswer:
        assert timeout_s
        assert max_bytes
        assert not private_allowed
        self.asked.append(request)
        await self.gate.wait()
        good = self.status == 200
        body = token(f"entra-token-{len(self.asked)}") if good else json.dumps(REFUSED).encode()
        return HttpAnswer(self.status, {}, body)


def pool_of(server: Server, clock: HandClock, secret: str = "") -> CredentialPool:
    secret = secret or principal()
    config = ProviderConfig("az", "https://host/openai/v1", secret)
    pools = CredentialPools(clock, server)
    pool = pools.find("p", config, (NamedSecret("default", secret),), create())
    assert pool is not None
    return pool


async def used(pool: CredentialPool) -> str:
    return (await pool.choose()).provider.token


async def test_all_calls_wait_for_one_token_and_later_ones_for_none() -> None:
    server, clock = Server(), HandClock()
    pool = pool_of(server, clock)
    waiting = asyncio.gather(*(used(pool) for _ in range(9)))
    await asyncio.sleep(0)
    server.gate.set()
    assert set(await waiting) == {"entra-token-1"}
    server.gate.clear()
    clock.seconds += 3400  # in the last minutes of its time
    assert {await used(pool) for _ in range(9)} == {"entra-token-1"}
    await asyncio.sleep(0)
    assert len(server.asked) == 2
    server.gate.set()
    await asyncio.sleep(0.01)
    assert await used(pool) == "entra-token-2"
    for name in ("entra-token-1", "entra-token-2", PASSWORD):
        assert pool.redaction.found_in(name.encode())


async def test_a_server_that_fails_does_not_stop_calls_before_the_token_ends() -> None:
    server, clock = Server(), HandClock()
    server.gate.set()
    pool = pool_of(server, clock)
    assert await used(pool) == "entra-token-1"
    server.status = 503
    clock.seconds += 3400
    for _ in range(5):
        assert await used(pool) == "entra-token-1"
        await asyncio.sleep(0)
    assert len(server.asked) == 2, "it is asked again after some seconds only"
    clock.seconds += 200
    for _ in range(5):
        with pytest.raises(UpstreamFailed, match="answered 503"):
            await used(pool)
    assert len(server.asked) == 3, "one failure is that of all calls"
    server.status = 200
    clock.seconds += 11
    assert await used(pool) == "entra-token-4"


async def test_the_reason_of_an_error_is_shown_without_the_client_secret() -> None:
    server = Server(status=401)
    server.gate.set()
    with pytest.raises(UpstreamFailed, match="AADSTS7000215: Invalid client secret") as caught:
        await used(pool_of(server, HandClock()))
    assert PASSWORD not in caught.value.sentence()
    assert "Trace ID" not in caught.value.sentence()
    assert caught.value.code == "upstream_credential"


@pytest.mark.parametrize(
    "secret",
    ["{", "{}", principal().replace("tenant-1", "../x"), principal().replace(PASSWORD, "")],
)
async def test_another_secret_is_reported_without_its_text(secret: str) -> None:
    with pytest.raises(UpstreamFailed, match="not a service principal") as caught:
        await used(pool_of(Server(), HandClock(), secret))
    assert PASSWORD not in caught.value.sentence()


async def test_a_secret_never_goes_out_without_tls_to_public_addresses() -> None:
    server = Server()
    with pytest.raises(UpstreamFailed, match="has no TLS"):
        await used(pool_of(server, HandClock(), principal("http://login.example.com")))
    assert not server.asked


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", token("a b"), token(""), token("t", expires_in=0), token("t\r\nx: y")]
)
async def test_an_answer_that_is_no_token_is_a_failure(body: bytes) -> None:
    config = ProviderConfig("az", "https://host", principal())
    with pytest.raises(UpstreamFailed, match="issued no token"):
        create().read_token(config, HttpAnswer(200, {}, body), 0.0)


async def test_an_api_key_is_sent_as_it_is() -> None:
    server = Server()
    chosen = await pool_of(server, HandClock(), "plain-key").choose()
    assert (chosen.provider.token, chosen.provider.secret) == ("", "plain-key")
    assert not server.asked


async def issue(asked: Exchanged, writer: asyncio.StreamWriter) -> None:
    """Refuses the second tenant."""
    refuses = b"/tenant-2/" in asked.head
    refused = unary(json.dumps(REFUSED).encode(), "401 Unauthorized")
    writer.write(refused if refuses else unary(token("tok-en-1")))
    await writer.drain()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def login() -> AsyncIterator[RawUpstream]:
    async with raw_upstream(issue) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(login: RawUpstream, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("azure") / "home"
    secret = principal(login.url.removesuffix("/v1"))
    async with raw_upstream(answers(WHOLE)) as upstream:
        make_home(
            home,
            [
                provider(upstream.url, name, kind="azure", models=(), secret_id=f"sec_{name}")
                for name in ("az", "bad")
            ],
            secrets_by_id={"sec_az": secret, "sec_bad": secret.replace("tenant-1", "tenant-2")},
        )
        async with worker(home) as running:
            yield Rig(upstream, running)


async def ask(client: AsyncOpenAI, model: str) -> str:
    asked = [{"role": "user", "content": "Hello"}]
    answer = await client.chat.completions.create(model=model, messages=asked)  # pyright: ignore[reportArgumentType, reportCallIssue] - plain messages
    return answer.choices[0].message.content or ""


async def test_calls_carry_the_token_that_the_server_issued(rig: Rig, login: RawUpstream) -> None:
    async with rig.openai() as client:
        assert [await ask(client, "az/gpt-x") for _ in range(2)] == ["Hi.", "Hi."]
    for sent in rig.upstream.seen:
        assert b"authorization: Bearer tok-en-1\r\n" in sent.head
        assert PASSWORD.encode() not in sent.head + sent.body
    (asked,) = login.seen
    assert b"POST /tenant-1/oauth2/v2.0/token HTTP" in asked.head
    assert {name: value[0] for name, value in parse_qs(asked.body.decode()).items()} == {
        "grant_type": "client_credentials",
        "client_id": "app-1",
        "client_secret": PASSWORD,
        "scope": "https://cognitiveservices.azure.com/.default",
    }


async def test_without_a_token_no_call_is_sent(rig: Rig) -> None:
    rig.upstream.seen.clear()
    async with rig.openai() as client:
        with pytest.raises(InternalServerError, match="AADSTS7000215") as caught:
            await ask(client, "bad/gpt-x")
    assert PASSWORD not in str(caught.value)
    assert not rig.upstream.seen
