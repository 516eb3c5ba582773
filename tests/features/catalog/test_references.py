"""Credentials in a secrets manager: read by the server, refreshed, kept while it is away."""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.features.catalog.model import NewProvider
from penstock.features.catalog.references import REFRESH_S, SecretReferences
from penstock.infra.egress.client import Egress
from penstock.kernel.errors import Forbidden, InvalidRequest, PenstockError, UpstreamFailed
from penstock.plugins.secrets.aws import AwsSecrets
from penstock.plugins.secrets.vault import Vault
from penstock.rules.snapshot.providers import PROVIDERS, ProvidersSection
from penstock.spi.http import HttpAnswer
from tests.features.world import World, open_world

FIRST, SECOND = "sk-canary-first-0123456789", "sk-canary-second-0123456789"
VAULT, AWS = "vault:secret/team/openai#key", "aws:prod/openai#key"


@dataclass
class Manager:
    """A server that speaks Vault's KV version 2 and AWS Secrets Manager."""

    secret: str = FIRST
    status: int = 200
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str) -> Any:
        if path == "/v1/secret/data/team/openai":
            metadata = {"version": 3, "destroyed": False, "deletion_time": ""}
            return {"data": {"data": {"key": self.secret, "n": 1}, "metadata": metadata}}
        return {"Name": "prod/openai", "SecretString": json.dumps({"key": self.secret})}


@pytest.fixture
def manager() -> Iterator[Manager]:
    it = Manager()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("content-length", 0))
            body = self.rfile.read(size).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            it.seen.append((f"{self.command} {self.path}", body, headers))
            content = json.dumps(it.answer(self.path) if it.status == 200 else {"e": FIRST})
            self.send_response(it.status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content.encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield it
    server.shutdown()
    thread.join()
    server.server_close()


def variables(manager: Manager) -> dict[str, str]:
    return {
        "VAULT_ADDR": manager.url,
        "VAULT_TOKEN": "hvs.canary-token",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "canary-aws-secret",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": manager.url,
    }


@pytest.fixture
def world(home: Path, manager: Manager) -> Iterator[World]:
    it = open_world(home, variables=variables(manager))
    yield it
    it.database.close()


def refresh(world: World, at_s: float = 0.0) -> SecretReferences:
    references = world.catalog.references

    async def once() -> None:
        egress = Egress()
        references._fetch = egress
        await references.refresh(world.catalog.sections.references(), at_s)
        egress.close()

    asyncio.run(once())
    return references


def published(world: World) -> str:
    """The secret that gateways find by the id in the section."""
    section = world.catalog.sections.documents()[PROVIDERS.name(world.project_id)]
    assert isinstance(section, ProvidersSection)
    return world.catalog.sections.secrets()[section.providers[0].secret_id]


def digest(world: World) -> str:
    return repr(world.catalog.sections.documents())


def add(world: World, reference: str = VAULT) -> None:
    new = NewProvider("openai", secret=reference, models=("m",))
    world.catalog.providers.add(world.root, world.project_id, new)


@pytest.mark.parametrize("reference", [VAULT, AWS])
def test_a_reference_is_read_and_a_changed_secret_reaches_the_snapshot(
    world: World, manager: Manager, reference: str
) -> None:
    add(world, reference)
    assert published(world) == ""
    refresh(world)
    assert published(world) == FIRST
    before = digest(world)
    manager.secret = SECOND
    refresh(world, REFRESH_S / 2)
    assert published(world) == FIRST  # it is not due yet
    refresh(world, REFRESH_S)
    assert published(world) == SECOND
    assert digest(world) != before
    (provider,) = world.catalog.providers.list_all(world.project_id)
    assert provider.secret_hint == reference
    assert "canary" not in digest(world) + repr(world.events()) + repr(provider)
    stored = world.stored_bytes() + (world.home / "secret.values").read_bytes()
    assert FIRST.encode() not in stored
    assert SECOND.encode() not in stored


def test_the_requests_are_those_of_the_managers(world: World, manager: Manager) -> None:
    add(world)
    world.catalog.credentials.add(world.root, world.project_id, "openai", "second", AWS)
    refresh(world)
    vault, aws = sorted(manager.seen)
    assert vault[0] == "GET /v1/secret/data/team/openai"
    assert vault[2]["x-vault-token"] == "hvs.canary-token"
    assert (aws[0], json.loads(aws[1])) == ("POST /", {"SecretId": "prod/openai"})
    assert aws[2]["x-amz-target"] == "secretsmanager.GetSecretValue"
    assert "/eu-central-1/secretsmanager/aws4_request" in aws[2]["authorization"]


def test_a_manager_that_is_away_keeps_the_last_value_also_over_a_restart(
    world: World, manager: Manager
) -> None:
    add(world)
    refresh(world)
    manager.status = 503
    (notice,) = refresh(world, REFRESH_S).notices()
    assert notice.startswith(f"The secret {VAULT} cannot be read: Vault answered 503.")
    assert "stays in use" in notice
    assert FIRST not in notice
    assert published(world) == FIRST
    again = open_world(world.home, variables={})
    try:
        assert published(again) == FIRST
        (notice,) = refresh(again).notices()
        assert "VAULT_ADDR or VAULT_TOKEN is not set" in notice
        assert published(again) == FIRST
        assert again.catalog.references.gauges()["secret_references_failing"][1] == 1
    finally:
        again.database.close()
    manager.status = 200
    assert refresh(world, 2 * REFRESH_S).notices() == []


def test_only_an_instance_admin_refers_to_a_manager(world: World) -> None:
    new = NewProvider("openai", secret=VAULT)
    with pytest.raises(Forbidden):
        world.catalog.providers.add(world.admin, world.project_id, new)
    add(world)
    with pytest.raises(Forbidden):
        world.catalog.credentials.add(world.admin, world.project_id, "openai", "x", AWS)


@pytest.mark.parametrize(
    "reference",
    [
        *("vault:secret#key", "vault:secret/a", "vault:secret/../sys/raw#key", "vault:#key"),
        *("vault:secret//a#key", "vault:secret/a?x=1#key", "aws:#x", "aws:name#", "aws:a b"),
    ],
)
def test_what_is_no_reference_is_refused(world: World, reference: str) -> None:
    with pytest.raises(InvalidRequest, match="Write "):
        add(world, reference)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(("data", "key", "SecretString")), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(status=st.sampled_from((200, 200, 404)), body=st.binary(max_size=20) | _JSON)
def test_any_answer_is_a_text_or_a_reason_without_it(status: int, body: Any) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    for manager, name in ((Vault(), "secret/a#key"), (AwsSecrets(), "a#key"), (AwsSecrets(), "a")):
        answer = HttpAnswer(status, {}, content)
        found, reason = _read(manager, name, answer)
        assert bool(found) != bool(reason)
        assert reason is None or isinstance(reason, UpstreamFailed)


def _read(
    manager: Vault | AwsSecrets, name: str, answer: HttpAnswer
) -> tuple[str, PenstockError | None]:
    try:
        return manager.read(name, answer), None
    except PenstockError as error:
        return "", error
