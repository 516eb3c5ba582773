"""The cache of valid keys of one worker."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.gateway.call import Call, Message
from penstock.gateway.ids import Ids
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.stages import authenticate
from penstock.gateway.stages.authenticate import Authenticate
from penstock.infra.crypto import keyed_digest
from penstock.kernel.errors import Unauthenticated
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.snapshot.access import AccessIndex, KeyContext, KeyEntry, ProjectPolicy
from penstock.rules.snapshot.tree import Sealed

PEPPER = b"p" * 32
NOW_NS = 2_000_000


class CountingSnapshot(Snapshot):
    """Counts how often a key is hashed."""

    hashed = 0

    def find_any_key(self, presented: str) -> KeyContext | None:
        self.hashed += 1
        return super().find_any_key(presented)


def snapshot(*secrets: str, expires_ms: int | None = None) -> CountingSnapshot:
    keys = {
        digest: KeyContext.of(
            "p", KeyEntry(f"key{n}", digest, expires_ms=expires_ms), ProjectPolicy()
        )
        for n, secret in enumerate(secrets)
        for digest in [keyed_digest(PEPPER, secret)]
    }
    return CountingSnapshot("d", {}, {"p/access": AccessIndex("p", keys)}, Sealed(PEPPER.hex()))


def ask(stage: Authenticate, known: Snapshot, header: bytes) -> KeyContext:
    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(_: Message) -> None: ...

    headers = {b"authorization": header}
    surface = OpenAISurface()
    return stage(Call(surface, "chat", headers, receive, send, ids=Ids(), start_ns=NOW_NS), known)


async def test_a_key_is_cached_once_in_any_spelling_of_the_header() -> None:
    stage, known = Authenticate(), snapshot("pk_one")
    tracemalloc.start()
    for blanks in range(3000):
        header = b"Bearer " + b" " * (50_000 + blanks) + b"pk_one" + b"\t" * (blanks % 7)
        assert ask(stage, known, header).key.id == "key0"
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 1_000_000
    assert known.hashed == 1


async def test_wrong_and_expired_keys_are_not_cached() -> None:
    stage, known = Authenticate(), snapshot("pk_old", expires_ms=1)
    tracemalloc.start()
    for number in range(3000):
        for secret in (b"pk_old", b"pk_wrong_%d" % number):
            with pytest.raises(Unauthenticated):
                ask(stage, known, b"Bearer " + secret)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 200_000


async def test_valid_keys_are_cached_up_to_a_limit() -> None:
    count = authenticate.MAX_REMEMBERED + 10
    stage, known = Authenticate(), snapshot(*(f"pk_{n}" for n in range(count)))
    for number in range(count):
        assert ask(stage, known, b"bearer pk_%d" % number).key.id == f"key{number}"
    hashed = known.hashed
    ask(stage, known, b"Bearer pk_%d" % (count - 1))
    assert known.hashed == hashed
    ask(stage, known, b"Bearer pk_0")
    assert known.hashed == hashed + 1


@given(st.binary(min_size=authenticate.MAX_SECRET_BYTES + 1, max_size=2000))
async def test_a_secret_longer_than_any_key_is_not_hashed(secret: bytes) -> None:
    stage, known = Authenticate(), snapshot("pk_one")
    with pytest.raises(Unauthenticated):
        ask(stage, known, b"Bearer x" + secret + b"x")
    assert known.hashed == 0


@given(st.binary(max_size=60))
async def test_any_header_without_a_key_is_unauthenticated(header: bytes) -> None:
    with pytest.raises(Unauthenticated):
        ask(Authenticate(), snapshot("pk_one"), header)
