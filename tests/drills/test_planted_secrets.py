"""Secrets of ours, and what a policy redacts, are found nowhere: bytes of an installation."""

import re
import signal
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url

from drills.leaking_provider import LeakingProvider, leaking_provider
from drills.secret_features import (
    call_with_client_tokens,
    cloud_variables,
    keep_calls,
    upload_files,
    use_further_features,
)
from drills.secret_places import Stores, in_files, in_rows, in_stores, seen_from_outside
from drills.secret_search import SecretSearch
from drills.secret_world import (
    CARD,
    MARK,
    TOKEN,
    SecretWorld,
    call_with_secrets,
    planted,
    use_everything,
)
from tests.installation import Installation, wait_until
from tests.redis_server import redis_server
from tests.stores import postgres_cluster

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]

PRINTED_ONCE = "printed once, when it is made"
MEANT: Mapping[tuple[str, str], str] = {
    (r"home: bootstrap\.json", "admin_password"): "the file of the first credentials",
    (r"home: bootstrap\.json", "api_key"): "the file of the first credentials",
    (r"home: bootstrap\.json", "gateway_key"): "the file of the first credentials",
    (r"home: gateway\.token", "gateway.token"): "its file",
    (r"home: metrics\.token", "metrics.token"): "its file",
    (r"home: master\.key", "master.key"): "its file",
    (r"home: backups/[^/]+/home/bootstrap\.json", "admin_password"): "a backup has the home's",
    (r"home: backups/[^/]+/home/bootstrap\.json", "api_key"): "a backup has the home's",
    (r"home: backups/[^/]+/home/bootstrap\.json", "gateway_key"): "a backup has the home's",
    (r"home: backups/[^/]+/home/gateway\.token", "gateway.token"): "a backup has the home's",
    (r"home: backups/[^/]+/home/master\.key", "master.key"): "a backup has the home's",
    ("standard output", "admin_password"): PRINTED_ONCE,
    ("standard output", "gateway_key"): PRINTED_ONCE,
    (r"answer \d+", "key in a path"): "an unknown path is named to whoever sent it",
}
"""Where a secret may be, and why: (place, name of the secret). Each of them must be found."""

READ = (
    "answer",
    "metrics of the gateway",
    "penstock export",
    "traces",
    "a trace",
    "audit of the project",
    "home: backups/",
    "home: snapshot/",
    "rows: penstock.calls",
)
"""Places in which `MARK` must be found: so they were read."""


def test_planted_secrets_are_found_nowhere(tmp_path: Path) -> None:
    """SQLite, and a cache of files."""
    _drill(tmp_path, {}, Stores())


def test_planted_secrets_are_found_nowhere_with_postgresql_and_redis(tmp_path: Path) -> None:
    """The passwords of both are secrets, too."""
    with ExitStack() as stack:
        password = planted("redis password")
        redis = stack.enter_context(redis_server("--requirepass", password))
        postgres = stack.enter_context(postgres_cluster())
        database = make_url(postgres.new_url()).set(password=planted("database password"))
        variables = {
            "PENSTOCK_GATEWAY__REDIS_URL": redis.url.replace("redis://", f"redis://:{password}@"),
            "PENSTOCK_SERVER__DATABASE_URL": database.render_as_string(hide_password=False),
        }
        _drill(tmp_path, variables, Stores(redis, postgres))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PENSTOCK_SERVER__DATABASE_URL", "postgresql://user:{}@127.0.0.1:1/db"),
        ("PENSTOCK_SERVER__DATABASE_URL", "postgresql://user:{}@127.0.0.1:port/db"),
        ("PENSTOCK_SERVER__DATABASE_URL", "mysql://user:{}@127.0.0.1:1/db"),
        ("PENSTOCK_SERVER__DATABASE_URL", "user:{}@127.0.0.1"),
        ("PENSTOCK_SERVER__COLUMNS_DSN", "http://user:{}@127.0.0.1:1/"),
        ("PENSTOCK_SERVER__COLUMNS_DSN", "http://user:1/{}@127.0.0.1:1/"),
        ("PENSTOCK_SERVER__COLUMNS_DSN", "user:{}@127.0.0.1"),
        ("PENSTOCK_GATEWAY__REDIS_URL", "http://user:{}@127.0.0.1:1/"),
        ("PENSTOCK_GATEWAY__REDIS_URL", "redis://user:{}@127.0.0.1:port/"),
        ("PENSTOCK_GATEWAY__REDIS_URL", "redis://user:{}@127.0.0.1:1/one"),
        ("PENSTOCK_GATEWAY__REDIS_URL", "redis+sentinel://user:{}@127.0.0.1:1"),
        ("PENSTOCK_GATEWAY__REDIS_URL", "redis+sentinel://user:{}@127.0.0.1:1/primary"),
        ("PENSTOCK_API_KEY", "{}\n"),
    ],
)
def test_a_wrong_connection_string_is_not_repeated(
    tmp_path: Path, variable: str, value: str
) -> None:
    installation = Installation(tmp_path / "home")
    installation.extra[variable] = value.format(planted("wrong"))
    shown = ""
    for command in ("settings", "provider list", "audit list"):
        shown += installation.try_run(*command.split())
    installation.start("--demo", wait=False)
    try:
        wait_until(lambda: _has_begun(installation))
    finally:
        installation.kill()
    shown += installation.output
    assert "Traceback" not in shown
    assert SecretSearch({"it": planted("wrong").encode()}).found_in(shown.encode()) == set()


def _has_begun(installation: Installation) -> bool:
    assert installation.process is not None
    lines = ("Press Ctrl-C", "Next try in")
    ended = installation.process.poll() is not None
    return ended or any(line in installation.output for line in lines)


def _drill(tmp_path: Path, variables: dict[str, str], stores: Stores) -> None:
    provider = LeakingProvider(
        f"{MARK} the card {CARD} and the token {TOKEN}",
        {name: planted(f"{name} value") for name in ("vault", "aws", "gcp", "azure")},
        planted("entra token"),
    )
    installation = Installation(tmp_path / "home")
    world = SecretWorld(installation, provider, variables)
    if stores.redis:
        world.plant("redis password")
        world.plant("database password")
    with leaking_provider(provider):
        variables |= cloud_variables(world)
        world.found("entra token", provider.entra_token)
        try:
            world.start()
            use_everything(world)
            use_further_features(world, world.base())
            replies = [*call_with_secrets(world), *call_with_client_tokens(world)]
            replies += upload_files(world)
            _lose_redis(world, stores)
            places = dict(seen_from_outside(world)) | keep_calls(world, world.base())
        finally:
            if installation.process is not None and installation.process.poll() is None:
                installation.stop(signal.SIGTERM)
    for at, reply in enumerate(replies):
        places |= {f"answer {at}": reply.body, f"head of {at}": str(reply.headers).encode()}
    places["standard output"] = installation.output.encode()
    places |= in_files("home", installation.home) | in_rows(installation.home) | in_stores(stores)
    _compare(world, places)


def _compare(world: SecretWorld, places: Mapping[str, bytes]) -> None:
    search = SecretSearch(world.secrets)
    found = {(place, name) for place, data in places.items() for name in search.found_in(data)}
    meant = {key: _entry(*key) for key in found}
    assert sorted(key for key, entry in meant.items() if entry is None) == []
    assert set(MEANT) - set(meant.values()) == set()  # the search finds what is there
    marked = SecretSearch({"mark": MARK.encode()})
    read = [place for place, data in places.items() if marked.found_in(data)]
    unread = [kind for kind in READ if not any(place.startswith(kind) for place in read)]
    assert unread == []


def _entry(place: str, name: str) -> tuple[str, str] | None:
    """Returns the entry of `MEANT`, if the secret may be there."""
    entries = (each for each in MEANT if each[1] == name and re.fullmatch(each[0], place))
    return next(entries, None)


def _lose_redis(world: SecretWorld, stores: Stores) -> None:
    """Calls while Redis is away, so that its errors are logged."""
    if stores.redis is not None:
        stores.redis.kill()
        world.call({"model": "support", "messages": [{"role": "user", "content": "away"}]})
        world.send("gateway", "GET", "/readyz", None, {})
        stores.redis.start()
