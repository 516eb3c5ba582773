"""Several credentials of one provider: they take turns, and those that it rejected rest."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import get_ident

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.homes import SECRET, make_home, provider
from gateway.http_client import Answer, call, metrics_token
from gateway.raw_upstream import Exchanged, RawUpstream, answers, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.gateway.credentials import (
    MAX_LIMITED_REST_S,
    MAX_REJECTED_REST_S,
    CredentialPool,
    CredentialPools,
    NamedSecret,
)
from penstock.infra.egress.client import Egress
from penstock.kernel.errors import UpstreamFailed
from penstock.rules.call import CallEnd, CallStatus
from penstock.rules.snapshot.providers import CredentialEntry
from penstock.spi.chat import ProviderConfig
from penstock.spi.tokens import IssuedToken

NAMES = ("default", "second", "third")
SECRETS = {"default": SECRET, "second": "sk-second-credential", "third": "sk-third-credential"}
IDS = {f"sec_{name}": SECRETS[name] for name in NAMES[1:]}
WHOLE = unary(json.dumps({"id": "c", "choices": [], "usage": {"prompt_tokens": 1}}).encode())


@dataclass
class HandClock:
    """A clock that a test moves."""

    seconds: float = 1_000_000.0

    def now_ns(self) -> int:
        return int(self.seconds * 1e9)

    def monotonic(self) -> float:
        return self.seconds


def pool_of(count: int, clock: HandClock, issuer: object = None) -> CredentialPool:
    secrets = tuple(NamedSecret(name, SECRETS[name]) for name in NAMES[:count])
    config = ProviderConfig("up", "https://host/v1", SECRET)
    return CredentialPool(config, secrets, issuer, clock)  # pyright: ignore[reportArgumentType] - a `TokenIssuer` or none


async def chosen(pool: CredentialPool, count: int) -> list[str]:
    return [(await pool.choose()).name for _ in range(count)]


async def test_credentials_take_turns() -> None:
    assert await chosen(pool_of(3, HandClock()), 6) == [*NAMES, *NAMES]


STEPS = st.lists(
    st.tuples(
        st.sampled_from([200, 400, 401, 402, 403, 429, 500]),
        st.sampled_from([b"", b"0", b"7", b"100000", b"soon"]),
        st.integers(0, 400),
    ),
    max_size=30,
)


@given(st.integers(1, 3), STEPS)
async def test_a_resting_credential_is_only_used_if_all_rest(
    count: int, steps: list[tuple[int, bytes, int]]
) -> None:
    clock = HandClock()
    pool = pool_of(count, clock)
    ready_at = dict.fromkeys(NAMES[:count], 0.0)
    for status, retry_after, passed in steps:
        used = await pool.choose()
        if ready_at[used.name] > clock.seconds:
            assert ready_at[used.name] == min(ready_at.values())
        assert used.provider.secret == SECRETS[used.name]
        pool.note(used.name, status, retry_after)
        waits = {b"": 5, b"0": 0, b"7": 7, b"100000": MAX_LIMITED_REST_S, b"soon": 5}
        if status == 429:
            ready_at[used.name] = clock.seconds + waits[retry_after]
        elif status in (401, 402, 403):
            ready_at[used.name] = clock.seconds + MAX_REJECTED_REST_S
        resting = {name: at > clock.seconds for name, at in ready_at.items()}
        assert pool.resting() == {("up", name): rests for name, rests in resting.items()}
        ready = {name for name, at in ready_at.items() if at <= clock.seconds}
        assert pool.has_another(set()) == bool(ready)
        assert not pool.has_another(ready)
        if len(ready) > 1:
            tried = set(sorted(ready)[1:])
            assert (await pool.choose(tried)).name == min(ready)
        clock.seconds += passed


@pytest.mark.parametrize(
    ("status", "rest_s"), [(403, MAX_REJECTED_REST_S), (429, MAX_LIMITED_REST_S)]
)
async def test_rests_end(status: int, rest_s: float) -> None:
    clock = HandClock()
    pool = pool_of(2, clock)
    pool.note("default", status, b"99999999")
    assert await chosen(pool, 2) == ["second", "second"]
    clock.seconds += rest_s
    assert set(await chosen(pool, 2)) == {"default", "second"}


@dataclass
class Issuer:
    """Issues `token-N-of-SECRET` for an hour."""

    count: int = 0
    threads: set[int] = field(default_factory=set)
    broken: bool = False

    def issue_token(self, secret: str, now_s: float) -> IssuedToken | None:
        self.threads.add(get_ident())
        if self.broken:
            raise UpstreamFailed("No key file.", code="upstream_credential")
        if secret == SECRETS["third"]:
            return None
        self.count += 1
        return IssuedToken(f"token-{self.count}-of-{secret}", now_s + 3600, ("a-private-part",))


async def test_a_token_is_issued_once_beside_the_event_loop_and_renewed_in_time() -> None:
    clock, issuer = HandClock(), Issuer()
    pool = pool_of(1, clock, issuer)
    first = {one.provider.token for one in await asyncio.gather(*(pool.choose() for _ in range(9)))}
    assert (first, issuer.count) == ({f"token-1-of-{SECRET}"}, 1)
    assert get_ident() not in issuer.threads
    clock.seconds += 3600 - 301
    assert (await pool.choose()).provider.token in first
    clock.seconds += 1
    assert (await pool.choose()).provider.token == f"token-2-of-{SECRET}"


async def test_tokens_private_parts_and_the_token_before_are_hidden() -> None:
    clock, issuer = HandClock(), Issuer()
    pool = pool_of(2, clock, issuer)
    redaction = pool.redaction  # an answer that is under way keeps it
    await chosen(pool, 2)
    clock.seconds += 3500
    await chosen(pool, 2)
    for name, number in (("default", 1), ("second", 2), ("default", 3), ("second", 4)):
        token = f"token-{number}-of-{SECRETS[name]}"
        assert redaction.clean(f"you sent {token}.") == "you sent [redacted]."
        assert redaction.found_in(f"you sent {token.encode().hex()}".encode())
    assert redaction.found_in(b"a-private-part")


async def test_a_rejected_token_is_not_used_again() -> None:
    issuer = Issuer()
    pool = pool_of(1, HandClock(), issuer)
    await pool.choose()
    pool.note("default", 401, b"")
    assert (await pool.choose()).provider.token == f"token-2-of-{SECRET}"
    assert pool.redaction.found_in(f"token-1-of-{SECRET}".encode())


async def test_a_plugin_may_send_a_secret_as_it_is() -> None:
    pool = pool_of(3, HandClock(), Issuer())
    pool.note("default", 401, b"")
    pool.note("second", 401, b"")
    used = await pool.choose()
    assert (used.provider.token, used.provider.secret) == ("", SECRETS["third"])
    assert pool.redaction.found_in(SECRETS["third"].encode())


async def test_a_credential_without_a_token_rests() -> None:
    issuer = Issuer(broken=True)
    pool = pool_of(2, HandClock(), issuer)
    for left in (1, 0):
        with pytest.raises(UpstreamFailed):
            await pool.choose()
        assert pool.has_another(set()) == bool(left)
    issuer.broken = False
    assert (await pool.choose()).provider.token.startswith("token-1")


def test_a_pool_outlives_a_snapshot_but_not_its_credentials() -> None:
    pools = CredentialPools(HandClock(), Egress())
    config = ProviderConfig("up", "https://host/v1", SECRET)
    both = tuple(NamedSecret(name, SECRETS[name]) for name in NAMES[:2])
    first = pools.find("p", config, both, None)
    assert first is not None
    assert pools.find("q", config, both, None) is not first
    pools.begin()
    assert pools.find("p", config, both, None) is first
    assert pools.find("p", config, both[::-1], None) is not first
    assert pools.find("p", config, both[:1], None) is None
    first.note("second", 401, b"")
    assert pools.resting() == {("up", "default"): 0, ("up", "second"): 1}
    pools.begin()
    pools.begin()
    assert pools.resting() == {}
    assert pools.find("p", config, both, None) is not first


@dataclass
class Vendor:
    """A provider that answers each credential in its own way; others get a good answer."""

    upstream: RawUpstream
    worker: Worker
    by_name: dict[str, bytes] = field(default_factory=dict)

    async def answer(self, request: Exchanged, writer: asyncio.StreamWriter) -> None:
        await answers(self.by_name.get(used_by(request), WHOLE))(request, writer)

    async def ask(self, **options: bytes | str) -> tuple[Answer, CallEnd]:
        answer = await call(self.worker.url, **options)  # pyright: ignore[reportArgumentType] - of the test's choice
        return answer, await self.worker.end_of(answer.trace_id)

    def used(self) -> list[str]:
        return [used_by(request) for request in self.upstream.seen]


def used_by(request: Exchanged) -> str:
    return next(name for name in NAMES if b"Bearer " + SECRETS[name].encode() in request.head)


@asynccontextmanager
async def vendor(
    tmp_path: Path, by_name: Mapping[str, bytes], names: tuple[str, ...] = NAMES
) -> AsyncIterator[Vendor]:
    async with raw_upstream(answers()) as upstream:
        further = tuple(CredentialEntry(name, f"sec_{name}") for name in names[1:])
        entry = provider(upstream.url, credentials=further, quirks={"passthrough": "yes"})
        home = make_home(tmp_path / "home", [entry], secrets_by_id=IDS)
        async with worker(home) as running:
            found = Vendor(upstream, running, dict(by_name))
            upstream.script = found.answer
            yield found


def refusal(status: str, headers: str = "") -> bytes:
    return unary(b'{"error":{"message":"no"}}', status, headers)


@pytest.mark.parametrize("status", ["401 No", "402 No", "403 No", "429 No"])
async def test_a_rejected_call_is_made_again_with_the_next_credential(
    tmp_path: Path, status: str
) -> None:
    refused = refusal(status, "retry-after: 600\r\n")
    async with vendor(tmp_path, {"default": refused, "second": refused}) as up:
        answer, end = await up.ask()
        assert answer.status == 200
        assert [one.credential for one in end.attempts] == [*NAMES]
        assert [one.http_status for one in end.attempts] == [int(status[:3])] * 2 + [200]
        assert [one.status for one in end.attempts[:2]] == [CallStatus.ERROR] * 2
        assert end.status == CallStatus.OK
        for _ in range(3):
            await up.ask()
        assert up.used() == [*NAMES, "third", "third", "third"]
        for key, lines in (
            (None, ['{worker="1"} 2']),
            (metrics_token(up.worker.home), [resting("default", 1), resting("third", 0)]),
        ):
            page = await call(up.worker.url, method="GET", path="/metrics", key=key)
            for line in lines:
                assert f"\npenstock_resting_credentials{line}\n" in page.body.decode()


def resting(name: str, count: int) -> str:
    return f'{{provider="up",credential="{name}",worker="1"}} {count}'


async def test_if_all_are_rejected_the_caller_gets_one_error(tmp_path: Path) -> None:
    refused = dict.fromkeys(NAMES, refusal("401 No"))
    async with vendor(tmp_path, refused) as up:
        answer, end = await up.ask()
        assert (answer.status, answer.error["code"]) == (502, "upstream_credential")
        assert len(end.attempts) == 3
        _, again = await up.ask()
        assert len(again.attempts) == 1  # all rest, so one is tried


async def test_other_failures_are_not_blamed_on_the_credential(tmp_path: Path) -> None:
    async with vendor(tmp_path, {"default": refusal("500 No"), "second": refusal("400 No")}) as up:
        found = [await up.ask() for _ in range(6)]
        assert [answer.status for answer, _ in found] == [502, 400, 200] * 2
        assert Counter(up.used()) == dict.fromkeys(NAMES, 2)


async def test_no_credential_of_the_provider_comes_out(tmp_path: Path) -> None:
    document = json.dumps({"error": {"message": f"keys: {' '.join(SECRETS.values())}"}}).encode()
    async with vendor(tmp_path, {"default": unary(document, "400 No")}) as up:
        answer, end = await up.ask()
        assert answer.error["message"] == "keys: [redacted] [redacted] [redacted]"
        assert not any(secret.encode() in end.response for secret in SECRETS.values())


async def test_other_paths_use_the_first_credential(tmp_path: Path) -> None:
    async with vendor(tmp_path, {"default": refusal("401 No")}) as up:
        for _ in range(3):
            _, end = await up.ask(path="/passthrough/up/files", method="GET", body=b"")
            assert [one.credential for one in end.attempts] == ["default"]
        assert up.used() == ["default"] * 3


async def test_a_provider_with_one_credential_is_asked_once(tmp_path: Path) -> None:
    async with vendor(tmp_path, {"default": refusal("401 No")}, NAMES[:1]) as up:
        for _ in range(2):
            _, end = await up.ask()
            assert [one.credential for one in end.attempts] == [""]
