"""From a change in the control plane to the snapshot of a gateway, over real HTTP."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from penstock.features.catalog.assembly import START
from penstock.features.catalog.model import NewProvider
from penstock.features.identity.service.keys import NewKey
from penstock.features.snapshots.changes import ChangeSignal
from penstock.gateway.snapshot.holder import SnapshotOrigin
from penstock.infra.egress.client import Egress
from penstock.kernel.errors import NotFound, Overloaded
from penstock.rules.snapshot.access import KEYS_PER_SECTION
from penstock.rules.snapshot.tree import Root
from penstock.spi.http import HttpAnswer, HttpRequest
from tests.features.snapshots.conftest import (
    TOKEN,
    Publishing,
    following,
    gateway,
    publisher_of,
    serving,
    until,
)
from tests.features.world import SECRET
from tests.ports import free_port

OPENAI = NewProvider("openai", "https://api.openai.com/v1", secret=SECRET, models=("gpt-4o",))
HOUR_MS = 3_600_000


async def ask(url: str, token: str = TOKEN.hex()) -> HttpAnswer:
    request = HttpRequest("GET", url, ((b"authorization", f"Bearer {token}".encode()),))
    return await Egress()(request, timeout_s=30, private_allowed=True)


async def test_a_new_key_reaches_a_gateway_at_once(publishing: Publishing, tmp_path: Path) -> None:
    world = publishing.world
    async with serving(publishing.publisher) as url, following(gateway(url, tmp_path)) as gw:
        await until(lambda: gw.holder.known is not None)
        new = await asyncio.to_thread(
            world.identity.keys.create, START, world.project_id, NewKey("new")
        )
        await until(lambda: gw.holder.current.find_key(new.secret, 0) is not None)
        key_context = gw.holder.current.find_key(new.secret, 0)
        assert key_context is not None
        assert (key_context.project_id, key_context.key.id) == (world.project_id, new.key.id)
        await asyncio.to_thread(world.identity.keys.revoke, START, world.project_id, new.key.id)
        await until(lambda: gw.holder.current.find_key(new.secret, 0) is None)


async def test_a_provider_is_published_with_its_secret_and_prices(
    publishing: Publishing, tmp_path: Path
) -> None:
    world = publishing.world
    async with serving(publishing.publisher) as url, following(gateway(url, tmp_path)) as gw:
        await until(lambda: gw.holder.known is not None)
        await asyncio.to_thread(world.catalog.providers.add, START, world.project_id, OPENAI)
        await until(lambda: bool(gw.holder.current.project(world.project_id).models()))
        target = gw.holder.current.project(world.project_id).resolve("gpt-4o")
        assert (target.entry.vendor, target.secrets) == ("openai", (("default", SECRET),))
        assert "prices/openai" in gw.holder.current.hashes
        assert "prices/openrouter" not in gw.holder.current.hashes


async def test_a_key_in_rotation_opens_with_both_secrets_until_the_old_one_ends(
    publishing: Publishing, tmp_path: Path
) -> None:
    keys, project_id = publishing.world.identity.keys, publishing.world.project_id
    old = keys.create(START, project_id, NewKey("rotated"))
    new = keys.rotate(START, project_id, old.key.id, HOUR_MS)
    async with serving(publishing.publisher) as url:
        gw = gateway(url, tmp_path)
        await gw.client.refresh(wait_s=5)
        snapshot = gw.holder.current
        end_ms = new.key.secrets[0].created_ms + HOUR_MS
        assert snapshot.find_key(new.secret, end_ms + HOUR_MS) is not None
        assert snapshot.find_key(old.secret, end_ms - 1_000) is not None
        assert snapshot.find_key(old.secret, end_ms + 1_000) is None
        assert snapshot.find_any_key(old.secret) is not None


async def test_no_digest_and_no_section_depends_on_a_secret(publishing: Publishing) -> None:
    world = publishing.world
    world.catalog.providers.add(START, world.project_id, OPENAI)
    publishing.publisher.compile_now()
    root = publishing.publisher.current().root
    sections = [publishing.publisher.section(h) for h in json.loads(root)["sections"].values()]
    assert all(SECRET.encode() not in content for content in [root, *sections])
    assert SECRET.encode() not in publishing.publisher.current().sealed


async def test_the_same_state_has_the_same_digest_after_a_restart(publishing: Publishing) -> None:
    publishing.publisher.compile_now()
    again = publisher_of(publishing.world, ChangeSignal())
    again.compile_now()
    assert again.current().digest == publishing.publisher.current().digest
    assert again.current().etag == publishing.publisher.current().etag


async def test_earlier_sections_can_be_read_for_ever(publishing: Publishing) -> None:
    world, publisher = publishing.world, publishing.publisher
    publisher.compile_now()
    before = msgspec.json.decode(publisher.current().root, type=Root).sections
    world.identity.keys.create(START, world.project_id, NewKey("new"))
    publisher.compile_now()
    after = msgspec.json.decode(publisher.current().root, type=Root).sections
    assert before != after
    assert all(publisher.section(hash_) for hash_ in (*before.values(), *after.values()))
    with pytest.raises(NotFound):
        publisher.section("0" * 64)


async def test_a_change_of_one_key_moves_one_small_section(publishing: Publishing) -> None:
    world, publisher = publishing.world, publishing.publisher
    for number in range(300):
        world.identity.keys.create(START, world.project_id, NewKey(f"key {number}"))
    publisher.compile_now()
    before = publisher.current().hashes
    world.identity.keys.create(START, world.project_id, NewKey("one more"))
    publisher.compile_now()
    (changed,) = publisher.current().hashes - before
    assert len(publisher.section(changed)) < 200 * KEYS_PER_SECTION
    names = msgspec.json.decode(publisher.current().root, type=Root).sections
    assert sum(name.startswith(f"{world.project_id}/access/") for name in names) == 2


async def test_the_poll_answers_at_once_on_news_and_204_without(publishing: Publishing) -> None:
    async with serving(publishing.publisher) as base:
        url = f"{base}/internal/v1/snapshot"
        root = await ask(f"{url}?after=&wait_s=25")
        assert root.status == 200
        digest = root.headers["etag"].strip('"')
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert (await ask(f"{url}?after={digest}&wait_s=0.3")).status == 204
        assert loop.time() - start > 0.25
        waiting = asyncio.create_task(ask(f"{url}?after={digest}&wait_s=25"))
        await asyncio.sleep(0.1)
        publishing.world.identity.keys.create(START, publishing.world.project_id, NewKey("news"))
        assert (await waiting).status == 200


async def test_only_gateways_may_ask(publishing: Publishing) -> None:
    async with serving(publishing.publisher) as base:
        for path in ("", "/sealed", f"/sections/{'0' * 64}"):
            assert (await ask(f"{base}/internal/v1/snapshot{path}", "wrong")).status == 401
        assert (await ask(f"{base}/internal/v1/snapshot/sections/{'0' * 64}")).status == 404
        assert (await ask(f"{base}/internal/v1/snapshot/sections/x")).status == 422


async def test_before_the_first_compilation_there_is_nothing(publishing: Publishing) -> None:
    with pytest.raises(Overloaded):
        publishing.publisher.check()
    with pytest.raises(Overloaded):
        await publishing.publisher.wait_for_change("", 0.01)


async def test_a_stopping_server_ends_waiting_requests(publishing: Publishing) -> None:
    running = asyncio.create_task(publishing.publisher.run())
    published = await publishing.publisher.wait_for_change("", 30)
    assert published is not None
    waiting = asyncio.create_task(publishing.publisher.wait_for_change(published.digest, 60))
    await asyncio.sleep(0.05)
    running.cancel()
    async with asyncio.timeout(30):
        assert await waiting is None


async def test_a_failed_compilation_is_logged_and_retried(
    publishing: Publishing, caplog: pytest.LogCaptureFixture
) -> None:
    world, publisher = publishing.world, publishing.publisher
    running = asyncio.create_task(publisher.run())
    first = await publisher.wait_for_change("", 30)
    assert first is not None
    with world.database.write() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE projects RENAME TO hidden")
    world.catalog.providers.add(START, world.project_id, OPENAI)
    await until(lambda: "compiling the snapshot failed" in caplog.text)
    assert publisher.current() == first
    with world.database.write() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE hidden RENAME TO projects")
    assert await publisher.wait_for_change(first.digest, 30) is not None
    running.cancel()


async def test_a_gateway_serves_on_without_its_server_and_catches_up(
    publishing: Publishing, tmp_path: Path
) -> None:
    world, port = publishing.world, free_port()
    key = world.identity.keys.create(START, world.project_id, NewKey("mine"))
    world.catalog.providers.add(START, world.project_id, OPENAI)
    async with serving(publishing.publisher, port) as url:
        await gateway(url, tmp_path).client.refresh(wait_s=5)
    restarted = gateway(url, tmp_path)
    restarted.client.load()
    assert restarted.holder.state.origin is SnapshotOrigin.DISK
    assert restarted.holder.current.find_key(key.secret, 0) is not None
    assert (
        restarted.holder.current.project(world.project_id).resolve("gpt-4o").secrets[0].secret
        == SECRET
    )
    async with following(restarted):
        await until(lambda: bool(restarted.holder.state.problem))
        publisher = publisher_of(world, ChangeSignal())
        new = world.identity.keys.create(START, world.project_id, NewKey("made meanwhile"))
        async with serving(publisher, port):
            await until(lambda: restarted.holder.current.find_key(new.secret, 0) is not None)
            assert restarted.holder.state.origin is SnapshotOrigin.SERVER
            assert restarted.holder.state.problem == ""
