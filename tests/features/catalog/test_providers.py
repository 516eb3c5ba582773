"""Providers: added, changed, removed; their secrets are never returned."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.features.catalog.model import (
    NewProvider,
    ProviderChange,
    check_base_url,
    check_name,
    origin,
)
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from tests.features.world import SECRET, World

NEW = NewProvider("openai", "https://api.openai.com/v1/", secret=SECRET)
LOCAL = NewProvider("vllm", "http://127.0.0.1:8000/v1", private_allowed=True, models=("llama",))


def test_a_new_provider_gets_its_vendor_from_its_url(installed: World) -> None:
    provider = installed.catalog.providers.add(installed.admin, installed.project_id, NEW)
    assert (provider.vendor, provider.base_url) == ("openai", "https://api.openai.com/v1")
    assert installed.catalog.providers.list_all(installed.project_id) == [provider]
    assert installed.catalog.providers.get(installed.project_id, "openai") == provider


def test_a_secret_is_never_returned_and_stored_encrypted(installed: World) -> None:
    providers = installed.catalog.providers
    provider = providers.add(installed.admin, installed.project_id, NEW)
    assert provider.secret_hint == "…wxyz"
    assert SECRET not in repr(provider) + repr(NEW) + repr(installed.events())
    assert SECRET.encode() not in installed.stored_bytes()
    assert providers.target(installed.project_id, "openai").secret == SECRET


def test_a_key_file_is_stored_in_one_line_and_named_by_the_id_of_its_key(installed: World) -> None:
    providers = installed.catalog.providers
    file = json.dumps({"private_key_id": "0123456789abcdef", "private_key": "-- B\n--"}, indent=2)
    new = replace(NEW, secret=f"{file}\n", vendor="vertex", base_url="")
    assert providers.add(installed.admin, installed.project_id, new).secret_hint == "…cdef"
    stored = providers.target(installed.project_id, "openai").secret
    assert stored == json.dumps(json.loads(file), separators=(",", ":"))


@pytest.mark.parametrize("secret", ["{", '["a"]', '{"a": "\u00fc"}', '{"a": 1}{'])
def test_a_text_that_only_looks_like_a_key_file_is_refused(installed: World, secret: str) -> None:
    with pytest.raises(InvalidRequest, match="not allowed"):
        installed.catalog.providers.add(
            installed.admin, installed.project_id, replace(NEW, secret=f" {secret}")
        )


def test_a_new_secret_has_a_new_id_so_that_gateways_notice(installed: World) -> None:
    providers = installed.catalog.providers
    before = providers.add(installed.admin, installed.project_id, NEW)
    change = ProviderChange(secret="sk-another-0123456789")
    after = providers.change(installed.admin, installed.project_id, "openai", change)
    assert after.secret_id != before.secret_id
    assert providers.target(installed.project_id, "openai").secret == "sk-another-0123456789"
    without = providers.change(
        installed.admin, installed.project_id, "openai", ProviderChange(secret="")
    )
    assert (without.secret_id, without.secret_hint) == ("", "")
    assert providers.target(installed.project_id, "openai").secret == ""


def test_every_deed_is_audited_with_before_and_after(installed: World) -> None:
    providers, project_id = installed.catalog.providers, installed.project_id
    providers.add(installed.admin, project_id, NEW)
    providers.change(installed.admin, project_id, "openai", ProviderChange(vendor=""))
    providers.update_models(installed.admin, project_id, "openai", ("gpt-4o",))
    providers.remove(installed.admin, project_id, "openai")
    events = installed.events()
    assert [event.action for event in events] == [
        "provider.add",
        "provider.change",
        "provider.claim",
        "provider.remove",
    ]
    assert {event.subject for event in events} == {"openai"}
    assert events[1].before["vendor"] == "openai"
    assert events[1].after["vendor"] == ""
    assert (events[2].before["model_count"], events[2].after["model_count"]) == (0, 1)
    assert (events[0].before, events[3].after) == (None, None)


def test_a_secret_does_not_follow_to_another_address(installed: World) -> None:
    providers, project_id = installed.catalog.providers, installed.project_id
    providers.add(installed.admin, project_id, NEW)
    moved = ProviderChange(base_url="https://elsewhere.example.com/v1")
    with pytest.raises(InvalidRequest, match="another address"):
        providers.change(installed.admin, project_id, "openai", moved)
    changed = providers.change(
        installed.admin, project_id, "openai", replace(moved, secret="sk-new")
    )
    assert (changed.base_url, changed.vendor) == ("https://elsewhere.example.com/v1", "")
    same_origin = ProviderChange(base_url="https://elsewhere.example.com/v2")
    assert providers.change(installed.admin, project_id, "openai", same_origin).secret_id


def test_a_private_address_is_allowed_by_instance_admins_for_one_host_and_port(
    installed: World,
) -> None:
    providers, project_id = installed.catalog.providers, installed.project_id
    providers.add(installed.root, project_id, LOCAL)
    with pytest.raises(InvalidRequest, match="private address"):
        providers.change(
            installed.root, project_id, "vllm", ProviderChange(base_url="http://10.0.0.7:8000/v1")
        )
    allowed = ProviderChange(base_url="http://10.0.0.7:8000/v1", private_allowed=True)
    assert providers.change(installed.root, project_id, "vllm", allowed).private_allowed


def test_a_projects_admin_allows_no_private_address(installed: World) -> None:
    providers, project_id = installed.catalog.providers, installed.project_id
    with pytest.raises(Forbidden, match="instance admin") as error:
        providers.add(installed.admin, project_id, LOCAL)
    assert (error.value.code, error.value.param) == (
        "private_needs_instance_admin",
        "private_allowed",
    )
    providers.add(installed.admin, project_id, replace(NEW, name="public"))
    with pytest.raises(Forbidden):
        providers.change(
            installed.admin, project_id, "public", ProviderChange(private_allowed=True)
        )


HOSTS = ("127.0.0.1:8000", "127.0.0.1:8001", "10.0.0.7:8000", "localhost", "[::1]:8000", "x.local")
CHANGES = st.builds(
    ProviderChange,
    base_url=st.none()
    | st.builds(
        "{}://{}/{}".format,
        st.sampled_from(("http", "https")),
        st.sampled_from(HOSTS),
        st.sampled_from(("v1", "v2")),
    ),
    secret=st.none() | st.just(SECRET),
    models=st.none() | st.just(("llama",)),
    private_allowed=st.none() | st.booleans(),
)


@given(changes=st.lists(st.tuples(st.booleans(), CHANGES), max_size=6))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sequence_of_changes_leads_where_no_instance_admin_allowed_it(
    installed: World, changes: list[tuple[bool, ProviderChange]]
) -> None:
    """Law: a provider is allowed to be private only at an origin that an instance admin chose."""
    providers, project_id = installed.catalog.providers, installed.project_id
    provider = providers.add(installed.root, project_id, LOCAL)
    allowed = {origin(provider.base_url)}
    try:
        for by_root, change in changes:
            actor = installed.root if by_root else installed.admin
            with suppress(InvalidRequest, Forbidden):
                provider = providers.change(actor, project_id, "vllm", change)
                if by_root and provider.private_allowed:
                    allowed.add(origin(provider.base_url))
            stored = providers.get(project_id, "vllm")
            assert not stored.private_allowed or origin(stored.base_url) in allowed
    finally:
        providers.remove(installed.root, project_id, "vllm")


def test_models_that_a_person_named_are_not_replaced(installed: World) -> None:
    providers, project_id = installed.catalog.providers, installed.project_id
    providers.add(installed.root, project_id, LOCAL)
    assert providers.update_models(installed.admin, project_id, "vllm", ("a", "b")).models == (
        "llama",
    )
    unpinned = providers.change(installed.admin, project_id, "vllm", ProviderChange(models=()))
    assert (unpinned.models, unpinned.models_pinned) == (("llama",), False)
    assert providers.update_models(installed.admin, project_id, "vllm", ("b", "a", "a")).models == (
        "a",
        "b",
    )
    event_count = len(installed.events())
    providers.update_models(installed.admin, project_id, "vllm", ("a", "b"))
    assert len(installed.events()) == event_count


def test_models_and_quirks_can_be_set(installed: World) -> None:
    providers, project_id = installed.catalog.providers, installed.project_id
    providers.add(installed.admin, project_id, NEW)
    change = ProviderChange(models=("o3", "", "x" * 201, "a\nb"), quirks={"stream_usage": "no"})
    after = providers.change(installed.admin, project_id, "openai", change)
    assert (after.models, after.quirks) == (("o3",), {"stream_usage": "no"})


def test_a_taken_name_and_one_that_hides_a_model_are_refused(installed: World) -> None:
    providers, project_id = installed.catalog.providers, installed.project_id
    router = NewProvider("router", "https://openrouter.ai/api/v1", models=("openai/gpt-4o",))
    providers.add(installed.admin, project_id, router)
    with pytest.raises(Conflict, match="already"):
        providers.add(installed.admin, project_id, router)
    with pytest.raises(Conflict, match="would hide the model 'openai/gpt-4o'") as error:
        providers.add(installed.admin, project_id, NEW)
    assert error.value.code == "name_hides_model"
    assert installed.events()[-1].subject == "router"


@pytest.mark.parametrize(
    ("wanted", "param"),
    [
        (replace(NEW, kind="carrier-pigeon"), "kind"),
        (replace(NEW, vendor="nobody"), "vendor"),
        (replace(NEW, secret="sk with spaces"), "api_key"),
        (replace(NEW, secret="sk-\n"), "api_key"),
        (replace(NEW, name="Open AI"), "name"),
        (replace(NEW, base_url="ftp://api.openai.com"), "base_url"),
    ],
)
def test_what_cannot_be_is_refused_naming_the_place(
    installed: World, wanted: NewProvider, param: str
) -> None:
    with pytest.raises(InvalidRequest) as error:
        installed.catalog.providers.add(installed.admin, installed.project_id, wanted)
    assert error.value.param == param
    assert SECRET not in error.value.sentence()


def test_an_unknown_provider_is_not_found(installed: World) -> None:
    providers, project_id = installed.catalog.providers, installed.project_id
    for deed in (
        lambda: providers.get(project_id, "nobody"),
        lambda: providers.target(project_id, "nobody"),
        lambda: providers.remove(installed.admin, project_id, "nobody"),
        lambda: providers.change(installed.admin, project_id, "nobody", ProviderChange()),
        lambda: providers.update_models(installed.admin, project_id, "nobody", ()),
    ):
        with pytest.raises(NotFound):
            deed()


@pytest.mark.parametrize("name", ["", "a/b", "UPPER", "-x", "a b", "ü", "a" * 64])
def test_names_fit_into_a_model_field(name: str) -> None:
    with pytest.raises(InvalidRequest):
        check_name(name)


@pytest.mark.parametrize(
    "url",
    [
        "api.openai.com/v1",
        "https://",
        "https://user:pass@host/v1",
        "https://host/v1?x=1",
        "https://host/v1#x",
        "https://hö.st/v1",
        "http://169.254.169.254/v1",
        "http://[::ffff:169.254.169.254]/v1",
    ],
)
def test_addresses_that_are_never_called(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check_base_url(url, private_allowed=True, secret=False)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/v1", "http://localhost/v1", "http://[::1]/v1", "http://x.internal"]
)
def test_private_addresses_want_the_leave_of_an_admin(url: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        check_base_url(url, private_allowed=False, secret=False)
    assert error.value.code == "private_address"
    assert check_base_url(url, private_allowed=True, secret=True) == url


def test_a_secret_does_not_go_over_plain_http_to_the_public() -> None:
    with pytest.raises(InvalidRequest, match="Plain http"):
        check_base_url("http://api.example.com/v1", private_allowed=False, secret=True)
    assert check_base_url("http://api.example.com/v1", private_allowed=False, secret=False)
