"""Limits of calls at once of providers, and priorities of keys, from REST to the snapshot."""

import pytest

from penstock.features.catalog.model import (
    LONGEST_QUEUE_MS,
    MAX_CONCURRENCY,
    MAX_QUEUE,
    NewProvider,
    ProviderChange,
)
from penstock.features.identity.service.keys import NewKey
from penstock.rules.snapshot.providers import DEFAULT_QUEUE, DEFAULT_QUEUE_TIMEOUT_MS, PROVIDERS
from tests.features.world import World
from tests.server.running import Server, running

LIMITED = NewProvider(
    "vllm", "https://vllm.example.org/v1", max_concurrency=4, max_queue=2, queue_timeout_ms=100
)


def test_gateways_learn_the_limits_of_a_provider(installed: World) -> None:
    providers = installed.catalog.providers
    providers.add(installed.admin, installed.project_id, LIMITED)
    change = ProviderChange(max_concurrency=8)
    changed = providers.change(installed.admin, installed.project_id, "vllm", change)
    assert (changed.max_concurrency, changed.max_queue, changed.queue_timeout_ms) == (8, 2, 100)
    entry = changed.entry()
    assert (entry.max_concurrency, entry.max_queue, entry.queue_timeout_ms) == (8, 2, 100)
    section = installed.catalog.sections.documents()[PROVIDERS.name(installed.project_id)]
    assert entry in section.providers  # pyright: ignore[reportAttributeAccessIssue] - of this kind
    seen = [each.after["max_concurrency"] for each in installed.events() if each.subject == "vllm"]
    assert sorted(seen) == [4, 8]


def test_a_provider_without_a_limit_has_the_defaults(installed: World) -> None:
    plain = NewProvider("vllm", "https://vllm.example.org/v1")
    added = installed.catalog.providers.add(installed.admin, installed.project_id, plain)
    assert added.max_concurrency == 0
    assert (added.max_queue, added.queue_timeout_ms) == (DEFAULT_QUEUE, DEFAULT_QUEUE_TIMEOUT_MS)


def test_gateways_learn_the_priority_of_a_key(installed: World) -> None:
    new = NewKey("batch", priority="low")
    issued = installed.identity.keys.create(installed.admin, installed.project_id, new)
    sections = installed.identity.access_sections()
    entries = [entry for section in sections for entry in section.keys]
    found = {entry.id: entry.priority for entry in entries}
    assert found.pop(issued.key.id) == "low"
    assert set(found.values()) <= {"normal"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with running(tmp_path_factory.mktemp("limits") / "home") as server:
        yield server


def test_limits_have_limits(server: Server) -> None:
    path = f"/api/v1/projects/{server.project_id()}/providers"
    good = {"name": "a", "base_url": "https://a.example.org/v1"}
    for field, most in (
        ("max_concurrency", MAX_CONCURRENCY),
        ("max_queue", MAX_QUEUE),
        ("queue_timeout_ms", LONGEST_QUEUE_MS),
    ):
        for wrong in (-1, most + 1, "many", 1.5):
            assert server.call("POST", path, server.root, good | {field: wrong}).status == 422
        added = server.call("POST", path, server.root, good | {field: most})
        assert (added.status, added.json()[field]) == (201, most)
        changed = server.call("PATCH", f"{path}/a", server.root, {field: 0})
        assert (changed.status, changed.json()[field]) == (200, 0)
        assert server.call("DELETE", f"{path}/a", server.root).status == 204


def test_a_key_has_a_listed_priority(server: Server) -> None:
    path = f"/api/v1/projects/{server.project_id()}/keys"
    made = server.call("POST", path, server.root, {"name": "k", "priority": "high"})
    assert (made.status, made.json()["key"]["priority"]) == (201, "high")
    assert (
        server.call("POST", path, server.root, {"name": "k"}).json()["key"]["priority"] == "normal"
    )
    assert server.call("POST", path, server.root, {"name": "k", "priority": "urgent"}).status == 422
