"""Connection tests and the discovery of providers at start, over real HTTP."""

from dataclasses import replace

import pytest
from google.auth import jwt

from penstock.features.catalog.model import NewProvider, ProviderCheck
from penstock.features.catalog.service.discovery import (
    Candidate,
    local_server,
    simulator,
    with_key,
)
from penstock.features.catalog.service.probe import Prober
from penstock.infra.egress.client import Egress
from penstock.infra.registry import Registry
from penstock.kernel.time import SystemClock
from penstock.plugins.providers.vendors import VENDORS
from penstock.spi.chat import ChatProvider, ProviderConfig
from tests.features.catalog.conftest import Upstream
from tests.features.world import SECRET, World
from tests.plugins.vertex_accounts import key_file, public_key
from tests.ports import free_port


async def check(
    upstream: Upstream,
    timeout_s: float = 5.0,
    secret: str = SECRET,
    kind: str = "openai-compatible",
) -> ProviderCheck:
    kinds: Registry[ChatProvider] = Registry("penstock.providers")
    prober = Prober(Egress(), kinds, SystemClock())
    return await prober.check(
        kind,
        ProviderConfig("up", upstream.base_url, secret),
        private_allowed=True,
        timeout_s=timeout_s,
    )


async def test_a_connection_test_returns_the_models(upstream: Upstream) -> None:
    found = await check(upstream)
    assert (found.ok, found.models, found.problem) == (True, ("tiny", "huge"), "")
    assert "GET /v1/models" in upstream.requests[0]
    assert f"Bearer {SECRET}" in upstream.requests[0]


async def test_a_connection_test_issues_a_token_if_the_plugin_does(upstream: Upstream) -> None:
    upstream.body = b'{"publisherModels": [{"name": "publishers/google/models/gem"}]}'
    found = await check(upstream, secret=key_file(1), kind="vertex")
    assert (found.models, found.problem) == (("gem",), "")
    token = upstream.requests[0].partition("Bearer ")[2].partition("\r")[0]
    assert jwt.decode(token, certs=public_key(key_file(1)))["scope"].endswith("cloud-platform")
    assert "not the key file" in (await check(upstream, secret="{}", kind="vertex")).problem


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        ("401 Unauthorized", "", b"{}", "rejected the API key (401)"),
        ("404 Not Found", "", b"{}", "Check the base URL; it usually ends in /v1."),
        ("302 Found", "location: /x\r\n", b"", "redirects are not followed"),
        ("500 Oops", "", b"", "with 500"),
        ("200 OK", "", b"<html>", "Check its base URL"),
    ],
)
async def test_a_failed_test_says_what_to_do(
    upstream: Upstream, status: str, headers: str, body: bytes, words: str
) -> None:
    upstream.status, upstream.headers, upstream.body = status, headers, body
    found = await check(upstream)
    assert not found.ok
    assert words in found.problem
    assert SECRET not in found.problem


async def test_a_silent_provider_and_a_missing_one_are_named(upstream: Upstream) -> None:
    upstream.silent = True
    assert not (await check(upstream, timeout_s=0.2)).ok
    missing = Upstream(base_url=f"http://127.0.0.1:{free_port()}/v1")
    assert not (await check(missing)).ok


async def test_what_answers_is_added_with_its_models_and_prices(
    installed: World, upstream: Upstream
) -> None:
    found = await installed.catalog.discovery.run(
        installed.project_id, (simulator(upstream.base_url),)
    )
    assert [(f.name, f.model_count, f.problem) for f in found] == [("sim", 2, "")]
    provider = installed.catalog.providers.get(installed.project_id, "sim")
    assert (provider.models, provider.found, provider.models_pinned) == (
        ("huge", "tiny"),
        True,
        False,
    )
    prices = installed.catalog.prices.list_all(installed.project_id)
    assert {(p.provider, p.model) for p in prices} >= {("sim", "sim-small"), ("sim", "sim-large")}
    assert {event.actor_kind for event in installed.events()} == {"system"}


async def test_the_next_start_updates_it(installed: World, upstream: Upstream) -> None:
    discovery, project_id = installed.catalog.discovery, installed.project_id
    moved = Candidate(
        "sim", f"http://127.0.0.1:{free_port()}/v1", "", certain=True, private_allowed=True
    )
    await discovery.run(project_id, (moved,))
    assert installed.catalog.providers.get(project_id, "sim").models == ()
    await discovery.run(project_id, (simulator(upstream.base_url),))
    provider = installed.catalog.providers.get(project_id, "sim")
    assert (provider.base_url, provider.models) == (upstream.base_url, ("huge", "tiny"))
    event_count = len(installed.events())
    await discovery.run(project_id, (simulator(upstream.base_url),))
    assert len(installed.events()) == event_count


async def test_what_a_person_has_set_up_stays(installed: World, upstream: Upstream) -> None:
    mine = NewProvider("sim", "https://sim.example.com/v1")
    added = installed.catalog.providers.add(installed.admin, installed.project_id, mine)
    found = await installed.catalog.discovery.run(
        installed.project_id, (simulator(upstream.base_url),)
    )
    assert found == []
    assert upstream.requests == []
    assert installed.catalog.providers.get(installed.project_id, "sim") == added
    installed.catalog.discovery.remove(installed.project_id, "sim")
    assert installed.catalog.providers.get(installed.project_id, "sim") == added


async def test_what_does_not_answer_is_passed_over_quickly(installed: World) -> None:
    local = [local_server(name, VENDORS[name]) for name in ("ollama", "vllm")]
    nobody = [replace(c, base_url=f"http://127.0.0.1:{free_port()}/v1") for c in local]
    assert await installed.catalog.discovery.run(installed.project_id, tuple(nobody)) == []
    assert installed.catalog.providers.list_all(installed.project_id) == []


async def test_a_certain_one_is_added_also_when_it_does_not_answer(installed: World) -> None:
    candidate = replace(
        with_key("openai", VENDORS["openai"], SECRET),
        base_url=f"http://127.0.0.1:{free_port()}/v1",
        private_allowed=True,
    )
    found = await installed.catalog.discovery.run(installed.project_id, (candidate,))
    assert found[0].problem
    assert installed.catalog.providers.target(installed.project_id, "openai").secret == SECRET


async def test_a_new_key_in_the_environment_takes_the_place_of_the_old(
    installed: World, upstream: Upstream
) -> None:
    discovery, project_id = installed.catalog.discovery, installed.project_id
    first = Candidate("openai", upstream.base_url, "sk-old-0123456789", private_allowed=True)
    await discovery.run(project_id, (first,))
    await discovery.run(project_id, (replace(first, secret=SECRET),))
    assert installed.catalog.providers.target(project_id, "openai").secret == SECRET


async def test_a_name_that_hides_a_model_is_reported(installed: World, upstream: Upstream) -> None:
    router = NewProvider("router", "https://openrouter.ai/api/v1", models=("sim/x",))
    installed.catalog.providers.add(installed.admin, installed.project_id, router)
    found = await installed.catalog.discovery.run(
        installed.project_id, (simulator(upstream.base_url),)
    )
    assert "would hide" in found[0].problem


async def test_the_simulator_of_a_past_run_can_be_forgotten(
    installed: World, upstream: Upstream
) -> None:
    discovery, project_id = installed.catalog.discovery, installed.project_id
    await discovery.run(project_id, (simulator(upstream.base_url),))
    discovery.remove(project_id, "sim")
    discovery.remove(project_id, "sim")
    assert installed.catalog.providers.list_all(project_id) == []
    prices = installed.catalog.prices.list_all(project_id)
    await discovery.run(project_id, (simulator(upstream.base_url),))
    assert installed.catalog.prices.list_all(project_id) == prices
