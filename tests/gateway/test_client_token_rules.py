"""Client tokens as texts: only what was signed is read, and it lives as long as it says."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.gateway.call import Call, Message
from penstock.gateway.ids import Ids
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.stages.authenticate import Authenticate
from penstock.infra.crypto import keyed_digest
from penstock.kernel.errors import PenstockError
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.client_tokens import (
    CLOCKS_DIFFER_S,
    ClientToken,
    WantedLimits,
    WantedToken,
    limits_of,
    new_token,
    read_wanted,
    sign,
    verified,
)
from penstock.rules.limits.documents import Measure
from penstock.rules.limits.index import Amounts
from penstock.rules.snapshot.access import AccessIndex, KeyContext, KeyEntry, ProjectPolicy
from penstock.rules.snapshot.tree import Sealed

SECRET = b"s" * 32
PEPPER = b"p" * 32
DIGEST = keyed_digest(PEPPER, "pk_one")
NOW_MS = 1_800_000_000_000
texts = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40)
tokens = st.builds(
    ClientToken,
    id=texts,
    key=st.just(DIGEST),
    issued_ms=st.integers(0, 2**41),
    expires_ms=st.integers(0, 2**41),
    use_case=texts,
    requests=st.integers(1, 10_000),
    user=st.just("") | texts,
    origins=st.lists(texts, max_size=3).map(tuple),
    models=st.lists(texts, max_size=3).map(tuple),
    tokens=st.none() | st.integers(1, 10**8),
    spend=st.none() | st.integers(1, 10**12),
)


@given(tokens)
def test_what_is_signed_is_read_under_the_same_secret_only(token: ClientToken) -> None:
    text = sign(token, SECRET).encode()
    assert verified(text, SECRET) == token
    assert verified(text, b"t" * 32) is None


@given(tokens, st.data())
def test_every_change_is_refused(token: ClientToken, data: st.DataObject) -> None:
    text = sign(token, SECRET).encode()
    at = data.draw(st.integers(len("pct_"), len(text)))
    until = data.draw(st.integers(at, len(text)))
    changed = text[:at] + data.draw(st.binary(max_size=4)) + text[until:]
    assert verified(changed, SECRET) == (token if changed == text else None)


@given(st.binary(max_size=300))
def test_a_request_for_a_token_is_read_or_refused(body: bytes) -> None:
    try:
        read_wanted(body)
    except PenstockError as error:
        if error.status != 400:
            raise


def wanted(**changes: object) -> WantedToken:
    return WantedToken(**cast("dict[str, str]", {"use_case": "support"} | changes))  # pyright: ignore[reportArgumentType] - fields of a test's choice


def test_a_token_does_not_outlive_its_key() -> None:
    assert new_token(wanted(), "t", DIGEST, NOW_MS, NOW_MS + 1).expires_ms == NOW_MS + 1
    assert new_token(wanted(), "t", DIGEST, NOW_MS, None).expires_ms == NOW_MS + 600_000


def test_its_counters_last_as_long_as_it_and_are_those_of_callers() -> None:
    token = new_token(wanted(limits=WantedLimits(tokens=7)), "t", DIGEST, NOW_MS, None)
    limits = limits_of(token, "prj", "key")
    assert [limit.measure for limit in limits] == [Measure.REQUESTS, Measure.TOKENS, Measure.SPEND]
    claims = [limit.claim((), Amounts(), 0) for limit in limits]
    assert [claim.cap for claim in claims] == [20, 7, 100_000_000]
    assert {(each.start_ns, each.end_ns) for each in claims} == {
        (NOW_MS * 10**6, token.expires_ms * 10**6)
    }
    assert len({each.key for each in claims}) == len({each.others for each in claims}) == 3
    assert all(claim.others for claim in claims)


def error_at(now_ms: int, token: ClientToken, *keys: KeyEntry) -> str:
    index = AccessIndex("p", {key.digest: KeyContext.of("p", key, ProjectPolicy()) for key in keys})
    known = Snapshot("d", {}, {"p/access": index}, Sealed(PEPPER.hex()))

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(_: Message) -> None: ...

    headers = {b"authorization": b"Bearer " + sign(token, known.client_secret).encode()}
    at_ns = now_ms * 1_000_000
    call = Call(OpenAISurface(), "chat", headers, receive, send, ids=Ids(), start_ns=at_ns)
    try:
        assert Authenticate()(call, known).token == token
    except PenstockError as error:
        return error.code
    return ""


async def test_a_token_ends_with_its_time_and_with_its_key() -> None:
    token = new_token(wanted(), "t", DIGEST, NOW_MS, None)
    key = KeyEntry("key0", DIGEST)
    assert error_at(NOW_MS, token, key) == ""
    assert error_at(token.expires_ms - 1, token, key) == ""
    assert error_at(token.expires_ms, token, key) == "client_token_expired"
    assert error_at(NOW_MS, token) == "invalid_api_key"  # revoked, or rotated
    other = KeyEntry("key0", keyed_digest(PEPPER, "pk_two"))
    assert error_at(NOW_MS, token, other) == "invalid_api_key"
    ended = KeyEntry("key0", DIGEST, expires_ms=NOW_MS)
    assert error_at(NOW_MS, token, ended) == "client_token_expired"


@pytest.mark.parametrize(
    ("behind_s", "code"),
    [(CLOCKS_DIFFER_S, ""), (CLOCKS_DIFFER_S + 1, "client_token_not_yet_valid")],
)
async def test_a_clock_that_is_behind_makes_no_token_live_longer(behind_s: int, code: str) -> None:
    token = new_token(wanted(), "t", DIGEST, NOW_MS, None)
    assert error_at(NOW_MS - behind_s * 1000, token, KeyEntry("key0", DIGEST)) == code
