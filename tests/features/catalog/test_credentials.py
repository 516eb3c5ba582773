"""Further credentials of a provider: stored encrypted, audited, and in the snapshot."""

import pytest

from penstock.features.access import Principal, Role
from penstock.features.catalog.model import NewProvider, ProviderChange
from penstock.features.catalog.service.credentials import MOST_CREDENTIALS
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.snapshot.providers import PROVIDERS, ProvidersSection
from tests.features.world import SECRET, World

OTHER = "sk-other-canary-0123456789-abcd"
OPENAI = NewProvider("openai", secret=SECRET)


@pytest.fixture
def world(installed: World) -> World:
    installed.catalog.providers.add(installed.admin, installed.project_id, OPENAI)
    return installed


def add(world: World, name: str = "second", secret: str = OTHER, provider: str = "openai") -> str:
    added = world.catalog.credentials.add(world.admin, world.project_id, provider, name, secret)
    return added.secret_id


def names(world: World) -> list[str]:
    found = world.catalog.credentials.list_all(world.project_id, "openai")
    return [one.name for one in found]


def section(world: World) -> ProvidersSection:
    found = world.catalog.sections.documents()[PROVIDERS.name(world.project_id)]
    assert isinstance(found, ProvidersSection)
    return found


def test_credentials_reach_the_snapshot_and_their_texts_only_the_sealed_document(
    world: World,
) -> None:
    secret_id = add(world)
    (entry,) = section(world).providers
    assert [name for name, _ in entry.secret_ids()] == ["default", "second"]
    secrets = world.catalog.sections.secrets()
    assert [secrets[one] for _, one in entry.secret_ids()] == [SECRET, OTHER]
    assert secret_id == entry.credentials[0].secret_id
    listed = world.catalog.credentials.list_all(world.project_id, "openai")
    assert [(one.name, one.secret_hint) for one in listed] == [
        ("default", "…wxyz"),
        ("second", "…abcd"),
    ]
    assert OTHER not in repr(listed) + repr(world.events()) + repr(section(world))
    assert OTHER.encode() not in world.stored_bytes()


def test_adding_and_removing_is_audited(world: World) -> None:
    add(world)
    world.catalog.credentials.remove(world.admin, world.project_id, "openai", "second")
    added, removed = world.events()[-2:]
    assert (added.action, removed.action) == (
        "provider.credential.add",
        "provider.credential.remove",
    )
    assert (added.subject, added.before, removed.after) == ("openai", None, None)
    assert added.after == removed.before
    assert added.after is not None
    assert (added.after["name"], added.after["secret_hint"]) == ("second", "…abcd")
    assert names(world) == ["default"]
    assert OTHER not in world.catalog.sections.secrets().values()


def test_a_provider_without_an_own_key_may_have_others(world: World) -> None:
    add(world)
    world.catalog.providers.change(
        world.admin, world.project_id, "openai", ProviderChange(secret="")
    )
    assert names(world) == ["second"]
    assert [name for name, _ in section(world).providers[0].secret_ids()] == ["second"]


def test_the_credentials_go_with_their_provider(world: World) -> None:
    add(world)
    world.catalog.providers.remove(world.admin, world.project_id, "openai")
    world.catalog.providers.add(world.admin, world.project_id, OPENAI)
    assert names(world) == ["default"]


@pytest.mark.parametrize("own", [None, SECRET])
def test_no_credential_follows_to_another_address(world: World, own: str | None) -> None:
    add(world)
    moved = ProviderChange(base_url="https://elsewhere.example.com/v1", secret=own)
    with pytest.raises(InvalidRequest, match="another address"):
        world.catalog.providers.change(world.admin, world.project_id, "openai", moved)
    same = ProviderChange(base_url="https://api.openai.com/v2")
    world.catalog.providers.change(world.admin, world.project_id, "openai", same)
    assert names(world) == ["default", "second"]


@pytest.mark.parametrize("name", ["default", "second"])
def test_a_name_is_taken_once(world: World, name: str) -> None:
    add(world)
    with pytest.raises(Conflict, match="taken"):
        add(world, name)


@pytest.mark.parametrize(
    ("name", "secret", "param"),
    [("No", OTHER, "name"), ("x", "", "api_key"), ("x", "a b", "api_key")],
)
def test_what_cannot_be_is_refused_naming_the_field(
    world: World, name: str, secret: str, param: str
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        add(world, name, secret)
    assert raised.value.param == param
    assert names(world) == ["default"]


def test_their_number_is_limited(world: World) -> None:
    for number in range(MOST_CREDENTIALS - 1):
        add(world, f"n{number}")
    with pytest.raises(InvalidRequest, match="at most"):
        add(world, "one-more")


def test_unknown_ones_are_not_found_and_the_own_one_is_not_removed_here(world: World) -> None:
    credentials, project_id = world.catalog.credentials, world.project_id
    with pytest.raises(NotFound, match="provider"):
        add(world, provider="none")
    with pytest.raises(NotFound, match="credential"):
        credentials.remove(world.admin, project_id, "openai", "second")
    with pytest.raises(InvalidRequest, match="API key of the provider"):
        credentials.remove(world.admin, project_id, "openai", "default")
    other = Principal("user", "usr_9", "eve@example.org", {"prj_other": Role.ADMIN})
    with pytest.raises(NotFound):
        credentials.add(other, "prj_other", "openai", "second", OTHER)


def test_plain_http_takes_no_credential(world: World) -> None:
    new = NewProvider("plain", "http://models.example.com/v1")
    world.catalog.providers.add(world.admin, world.project_id, new)
    with pytest.raises(InvalidRequest, match="unencrypted"):
        add(world, provider="plain")


@pytest.mark.parametrize(
    ("name", "secret", "same"),
    [
        ("default", SECRET, True),
        ("default", OTHER, False),
        ("second", OTHER, True),
        ("second", SECRET, False),
        ("third", OTHER, False),
    ],
)
def test_a_secret_is_compared_with_the_stored_one(
    world: World, name: str, secret: str, same: bool
) -> None:
    add(world)
    assert world.catalog.credentials.matches(world.project_id, "openai", name, secret) is same


def test_comparing_needs_a_provider_and_a_possible_secret(world: World) -> None:
    with pytest.raises(NotFound):
        world.catalog.credentials.matches(world.project_id, "none", "default", SECRET)
    with pytest.raises(InvalidRequest):
        world.catalog.credentials.matches(world.project_id, "openai", "default", "a b")
