"""A server that misbehaves, over real HTTP: the last good snapshot stays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from penstock.gateway.snapshot.client import SnapshotClient
from penstock.gateway.snapshot.files import SnapshotFiles
from penstock.gateway.snapshot.holder import SnapshotHolder, SnapshotOrigin
from penstock.gateway.snapshot.snapshot import SnapshotUnusable
from penstock.infra.crypto import Sealer, derive_key
from penstock.infra.egress.client import Egress
from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import UpstreamFailed
from penstock.rules.snapshot.access import ProjectSection
from penstock.rules.snapshot.providers import ProvidersSection
from penstock.rules.snapshot.tree import SEALED_PURPOSE, SNAPSHOT_SCHEMA
from tests.gateway.snapshot_tree import Tree, key, provider
from tests.ports import free_port

P = "prj_1"
TOKEN = b"t" * 32
SEALER = Sealer(derive_key(TOKEN, SEALED_PURPOSE))


def tree_with_key(secret: str, schema: int = 1) -> Tree:
    return Tree({f"{P}/access": ProjectSection(P, (key(secret),))}, schema=schema)


@dataclass
class Server:
    """Publishes a tree, or fails as the test sets."""

    tree: Tree
    status: int = 200
    damage: bool = False
    sealer: Sealer = SEALER
    asked: list[str] = field(default_factory=list[str])
    open: int = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()
            self.open -= 1

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1].removeprefix("/internal/v1/snapshot")
        self.asked.append(path)
        assert f"authorization: Bearer {TOKEN.hex()}" in head
        status, body = self._find(path)
        if status == 204:
            await asyncio.sleep(0.05)
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n".encode())
        writer.write(b"connection: close\r\n\r\n" + body)
        await writer.drain()

    def _find(self, path: str) -> tuple[int, bytes]:
        if self.status != 200:
            return self.status, b""
        if path == "/sealed":
            return 200, self.sealer.seal(canonical_json(self.tree.sealed))
        if path.startswith("/sections/"):
            content = self.tree.sections[path.removeprefix("/sections/")]
            return 200, content[:-1] if self.damage else content
        digest = Tree.digest_of(self.tree.root)
        return (204, b"") if f"after={digest}&" in path else (200, self.tree.root)


@asynccontextmanager
async def serving(server: Server, port: int = 0) -> AsyncIterator[str]:
    listening = await asyncio.start_server(server.connected, "127.0.0.1", port)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    while server.open:
        await asyncio.sleep(0.01)


@dataclass
class Gateway:
    client: SnapshotClient
    holder: SnapshotHolder

    def knows(self, secret: str) -> bool:
        known = self.holder.known
        return known is not None and known.find_key(secret, 0) is not None


def gateway(url: str, folder: Path) -> Gateway:
    holder = SnapshotHolder()
    client = SnapshotClient(
        Egress(),
        holder,
        SnapshotFiles(folder),
        server_url=url,
        token=TOKEN.hex(),
        sealer=SEALER,
        jitter=lambda: 0.0,
        wait_s=2,
    )
    return Gateway(client, holder)


@asynccontextmanager
async def following(gateway: Gateway) -> AsyncIterator[None]:
    task = asyncio.create_task(gateway.client.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def until(gateway: Gateway, secret: str) -> None:
    async with asyncio.timeout(30):
        while not gateway.knows(secret):
            await asyncio.sleep(0.01)


async def problem(gateway: Gateway, code: str) -> None:
    async with asyncio.timeout(30):
        while gateway.holder.state.problem_code != code:
            await asyncio.sleep(0.01)


async def test_only_what_changed_is_fetched(tmp_path: Path) -> None:
    server = Server(tree_with_key("one"))
    server.tree.documents[f"{P}/providers"] = ProvidersSection(P, (provider("openai", "m"),))
    async with serving(server) as url:
        gw = gateway(url, tmp_path)
        await gw.client.refresh(0)
        assert sum(path.startswith("/sections/") for path in server.asked) == 2
        server.asked.clear()
        server.tree.documents[f"{P}/access"] = ProjectSection(P, (key("two"),))
        await gw.client.refresh(0)
        assert sum(path.startswith("/sections/") for path in server.asked) == 1
        assert gw.knows("two")
        server.asked.clear()
        await gw.client.refresh(0)
        assert len(server.asked) == 1


async def test_a_newer_schema_is_rejected_and_the_last_good_snapshot_stays(tmp_path: Path) -> None:
    server = Server(tree_with_key("good"))
    async with serving(server) as url:
        gw = gateway(url, tmp_path)
        async with following(gw):
            await until(gw, "good")
            server.tree = tree_with_key("newer", schema=SNAPSHOT_SCHEMA + 1)
            await problem(gw, "snapshot_schema_newer")
            assert "Upgrade the gateway" in gw.holder.state.problem
            server.asked.clear()
            await asyncio.sleep(0.5)
            assert len(server.asked) < 15  # it waits for another root and does not poll
            assert gw.knows("good")
            assert gw.holder.state.problem_code == "snapshot_schema_newer"
            server.tree = tree_with_key("readable")
            await until(gw, "readable")
            assert gw.holder.state.problem == ""


async def test_a_damaged_section_is_rejected_until_it_arrives_whole(tmp_path: Path) -> None:
    server = Server(tree_with_key("one"), damage=True)
    async with serving(server) as url:
        gw = gateway(url, tmp_path)
        with pytest.raises(SnapshotUnusable, match="damaged"):
            await gw.client.refresh(0)
        assert gw.holder.known is None
        server.damage = False
        await gw.client.refresh(0)
        assert gw.knows("one")


async def test_the_client_waits_for_a_missing_secret(tmp_path: Path) -> None:
    entry = provider("openai", "m", secret_id="sec_1")
    server = Server(Tree({f"{P}/providers": ProvidersSection(P, (entry,))}))
    async with serving(server) as url:
        gw = gateway(url, tmp_path)
        async with following(gw):
            await problem(gw, "snapshot_unusable")
            server.tree.secrets = {"sec_1": "sk-1"}
            async with asyncio.timeout(30):
                while gw.holder.known is None:
                    await asyncio.sleep(0.01)
            assert gw.holder.current.project(P).resolve("m").secrets[0].secret == "sk-1"


@pytest.mark.parametrize("status", [401, 500, 503])
async def test_an_error_of_the_server_is_reported_and_retried(tmp_path: Path, status: int) -> None:
    server = Server(tree_with_key("one"), status=status)
    async with serving(server) as url:
        gw = gateway(url, tmp_path)
        async with following(gw):
            await problem(gw, "gateway_token_wrong" if status == 401 else "server_failed")
            server.status = 200
            await until(gw, "one")


async def test_secrets_sealed_with_another_token_are_rejected(tmp_path: Path) -> None:
    other = Sealer(derive_key(b"other" * 7, SEALED_PURPOSE))
    async with serving(Server(tree_with_key("one"), sealer=other)) as url:
        gw = gateway(url, tmp_path)
        with pytest.raises(SnapshotUnusable, match="another gateway token"):
            await gw.client.refresh(0)


async def test_retries_of_an_absent_server_back_off(tmp_path: Path) -> None:
    port = free_port()
    gw = gateway(f"http://127.0.0.1:{port}", tmp_path)
    with pytest.raises(UpstreamFailed):
        await gw.client.refresh(0)
    delays = [gw.client._delay(failures) for failures in range(1, 12)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (0.05, 0.1)  # short, because callers wait for the first one
    async with following(gw):
        await asyncio.sleep(0.3)
        async with serving(Server(tree_with_key("late")), port):
            await until(gw, "late")
    delays = [gw.client._delay(failures) for failures in range(1, 12)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (0.05, 1.5)


async def test_the_last_good_snapshot_is_loaded_at_the_next_start(tmp_path: Path) -> None:
    async with serving(Server(tree_with_key("one"))) as url:
        await gateway(url, tmp_path).client.refresh(0)
    again = gateway("http://127.0.0.1:1", tmp_path)
    again.client.load()
    assert again.knows("one")
    assert again.holder.state.origin is SnapshotOrigin.DISK
    assert b"p" * 32 not in b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


async def test_an_unusable_stored_snapshot_is_reported(tmp_path: Path) -> None:
    async with serving(Server(tree_with_key("one"))) as url:
        await gateway(url, tmp_path).client.refresh(0)
        (tmp_path / "sealed.bin").write_bytes(b"torn")
        again = gateway(url, tmp_path)
        again.client.load()
        assert again.holder.known is None
        assert again.holder.state.problem_code == "snapshot_stored"
        await again.client.refresh(0)
        assert again.knows("one")


async def test_a_full_disk_is_reported_and_the_new_snapshot_is_used(
    tmp_path: Path,
) -> None:
    (tmp_path / "snapshot").write_text("a file where the folder should be")
    async with serving(Server(tree_with_key("one"))) as url:
        gw = gateway(url, tmp_path / "snapshot")
        await gw.client.refresh(0)
        assert gw.knows("one")
        assert gw.holder.state.problem_code == "snapshot_store"
