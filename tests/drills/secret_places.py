"""What an installation shows and stores, by place."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drills.secret_world import CARD, MARK, SecretWorld, planted
from penstock.infra.columns.embedded import EmbeddedEngine
from tests.redis_server import RedisServer
from tests.stores import Cluster

_LISTS = (
    *("keys", "members", "invitations", "providers", "routes", "limits", "guardrails"),
    *("prompts", "prices", "models", "webhooks", "client-tokens/revoked"),
)
_COMMANDS = (
    *("export", "settings", "settings --json", "provider list", "key list", "limit list"),
    *(
        "traces list",
        "traces list --json",
        "audit list",
        "audit export",
        "spool list",
        "webhook list",
    ),
    *("key client-token revoked", "backup"),
)
_SYSTEM = "('system', 'INFORMATION_SCHEMA', 'information_schema')"


@dataclass
class Stores:
    """The stores beside the home, if there are any."""

    redis: RedisServer | None = None
    postgres: Cluster | None = None


def seen_from_outside(world: SecretWorld) -> Iterator[tuple[str, bytes]]:
    """Yields all pages, lists, exports and outputs of commands of a running installation."""
    base = world.base()
    world.installation.wait_for(lambda: MARK.encode() in world.rest("GET", "/api/v1/traces").body)
    yield from _pages(world)
    yield from _traces(world)
    for name in _LISTS:
        yield name, world.rest("GET", f"{base}/{name}").body
    yield "audit of the project", world.rest("GET", f"{base}/audit/export").body
    yield "audit of the instance", world.rest("GET", "/api/v1/audit/export").body
    asked = {"model": "support", "messages": [{"role": "user", "content": f"{MARK} {CARD}"}]}
    yield "dry run", world.rest("POST", f"{base}/dry-run", {"body": asked}).body
    for command in _COMMANDS:
        yield f"penstock {command}", world.installation.run(*command.split()).encode()


def in_files(name: str, folder: Path) -> dict[str, bytes]:
    """Returns the files of a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {f"{name}: {path.relative_to(folder)}": path.read_bytes() for path in files}


def in_rows(home: Path) -> dict[str, bytes]:
    """Returns all rows of the column store, which compresses its files."""
    engine = EmbeddedEngine(home / "columns")
    connection = engine.connect({})
    try:
        where = f"database NOT IN {_SYSTEM} AND engine NOT LIKE '%View'"
        lines = connection.query(f"SELECT database, name FROM system.tables WHERE {where}", {})
        tables = [json.loads(line) for line in lines.splitlines()]
        return {
            f"rows: {each['database']}.{each['name']}": connection.query(
                f"SELECT * FROM {each['database']}.{each['name']}", {}
            )
            for each in tables
        }
    finally:
        connection.close()
        engine.close()


def in_stores(stores: Stores) -> dict[str, bytes]:
    """Returns the files of Redis and PostgreSQL. The rows of PostgreSQL are in the backup."""
    found: dict[str, bytes] = {}
    if stores.redis is not None:
        with stores.redis.client() as client:
            client.execute_command("AUTH", planted("redis password"))
            client.save()
        found |= in_files("redis", stores.redis.folder)
    if stores.postgres is not None:
        found |= in_files("postgresql", stores.postgres.folder / "data")
    return found


def _pages(world: SecretWorld) -> Iterator[tuple[str, bytes]]:
    token = {"authorization": f"Bearer {world.secrets['metrics.token'].decode()}"}
    for plane in ("gateway", "server"):
        yield f"metrics of the {plane}", world.send(plane, "GET", "/metrics", None, token).body
        for path in ("/metrics", "/healthz", "/readyz"):
            yield f"{path} of the {plane}", world.send(plane, "GET", path, None, {}).body


def _traces(world: SecretWorld) -> Iterator[tuple[str, bytes]]:
    listed = world.rest("GET", "/api/v1/traces?limit=500")
    yield "traces", listed.body
    for each in listed.json()["items"]:
        trace = each["trace_id"]
        yield f"a trace: {trace}", world.rest("GET", f"/api/v1/traces/{trace}").body
    yield "traces of no project", world.rest("GET", "/api/v1/instance/traces?limit=500").body
    yield "overview", world.rest("GET", "/api/v1/overview").body
