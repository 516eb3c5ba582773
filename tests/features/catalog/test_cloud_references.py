"""Credentials in Google Cloud Secret Manager and Azure Key Vault, which check each request."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.features.catalog.model import NewProvider
from penstock.features.catalog.references import REFRESH_S, SecretReferences
from penstock.infra.egress.client import Egress
from penstock.infra.settings import operator_variable
from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.plugins.secrets.azure import KeyVault
from penstock.plugins.secrets.gcp import GoogleSecrets
from penstock.rules.snapshot.providers import PROVIDERS, ProvidersSection
from penstock.spi.http import HttpAnswer
from tests.features.catalog.cloud_managers import (
    ASSERTION,
    CLIENT,
    CLIENT_SECRET,
    TENANT,
    CloudManagers,
    cloud_managers,
)
from tests.features.world import World, open_world
from tests.plugins.vertex_accounts import key_file

FIRST, SECOND = "sk-canary-first-0123456789", "sk-canary-second-0123456789"
GOOGLE, AZURE = "gcp:projects/acme/secrets/openai#key", "azure:openai#key"
REGIONAL = "gcp:projects/acme/locations/europe-west3/secrets/openai/versions/3#key"
VERSION = "azure:openai/4387e9f3d6e14c459867679a90fd0f79#key"


@pytest.fixture
def managers() -> Iterator[CloudManagers]:
    with cloud_managers(CloudManagers(FIRST)) as it:
        yield it


@pytest.fixture
def variables(managers: CloudManagers) -> dict[str, str]:
    return {
        "GOOGLE_APPLICATION_CREDENTIALS": managers.account,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": f"{managers.url}/",
        "AZURE_KEY_VAULT_URI": f"{managers.url}/",
        "AZURE_AUTHORITY_HOST": f"{managers.url}/",
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_CLIENT_SECRET": CLIENT_SECRET,
    }


@pytest.fixture
def world(home: Path, variables: dict[str, str]) -> Iterator[World]:
    it = open_world(home, variables=variables)
    yield it
    it.database.close()


def refresh(world: World, at_s: float = 0.0) -> SecretReferences:
    references = world.catalog.references

    async def once() -> None:
        egress = Egress()
        references._fetch = references._tokens._fetch = egress
        await references.refresh(world.catalog.sections.references(), at_s)
        egress.close()

    asyncio.run(once())
    return references


def published(world: World) -> str:
    section = world.catalog.sections.documents()[PROVIDERS.name(world.project_id)]
    assert isinstance(section, ProvidersSection)
    return world.catalog.sections.secrets()[section.providers[0].secret_id]


def add(world: World, reference: str) -> None:
    new = NewProvider("openai", secret=reference, models=("m",))
    world.catalog.providers.add(world.root, world.project_id, new)


@pytest.mark.parametrize("reference", [GOOGLE, REGIONAL, AZURE, VERSION])
def test_a_secret_is_read_renewed_and_kept_while_its_manager_is_away(
    world: World, managers: CloudManagers, reference: str
) -> None:
    add(world, reference)
    assert refresh(world).notices() == []
    assert published(world) == FIRST
    managers.secret = SECOND
    refresh(world, REFRESH_S / 2)
    assert published(world) == FIRST  # it is not due yet
    refresh(world, REFRESH_S)
    assert published(world) == SECOND
    managers.status = 503
    (notice,) = refresh(world, 2 * REFRESH_S).notices()
    assert "answered 503. Its value of" in notice
    assert published(world) == SECOND
    stored = world.stored_bytes() + (world.home / "secret.values").read_bytes()
    seen = stored + (notice + repr(world.events())).encode()
    assert b"canary" not in seen


def test_a_token_of_entra_id_is_used_until_it_is_due_or_refused(
    world: World, managers: CloudManagers, variables: dict[str, str]
) -> None:
    add(world, AZURE)
    for at in range(3):
        refresh(world, at * REFRESH_S)
    assert (managers.reads, managers.tokens) == (3, ["canary.token.0"])
    managers.accepted.clear()
    (notice,) = refresh(world, 3 * REFRESH_S).notices()
    assert "Azure Key Vault answered 401. Check that vault and service principal" in notice
    managers.lifetime_s = 299  # it is due from the beginning
    assert refresh(world, 4 * REFRESH_S).notices() == []
    assert refresh(world, 5 * REFRESH_S).notices() == []
    assert len(managers.tokens) == 3
    del variables["AZURE_CLIENT_SECRET"]  # as a workload of Kubernetes
    variables["AZURE_FEDERATED_TOKEN"] = ASSERTION
    assert refresh(world, 6 * REFRESH_S).notices() == []
    assert len(managers.tokens) == 4


@pytest.mark.parametrize(
    ("reference", "changed", "said"),
    [
        (GOOGLE, {"GOOGLE_APPLICATION_CREDENTIALS": ""}, "names no file that it can read"),
        (GOOGLE, {"GOOGLE_APPLICATION_CREDENTIALS": "{}"}, "Make a key of the account"),
        (GOOGLE, {"GOOGLE_APPLICATION_CREDENTIALS": "{2}"}, "Check the key file, and the clock"),
        (GOOGLE, {"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.canary"}, "Check the key file"),
        (GOOGLE.replace("acme", "other"), {}, "answered 404. Check project"),
        (AZURE, {"AZURE_KEY_VAULT_URI": ""}, "such as https://acme.vault.azure.net"),
        (AZURE, {"AZURE_TENANT_ID": "a/b"}, "AZURE_TENANT_ID, AZURE_CLIENT_ID or"),
        (AZURE, {"AZURE_CLIENT_SECRET": ""}, "and no AZURE_FEDERATED_TOKEN_FILE"),
        (AZURE, {"AZURE_CLIENT_SECRET": "canary-wrong"}, "401: AADSTS7000215: Invalid client"),
        ("azure:other", {}, "answered 404. Check AZURE_KEY_VAULT_URI"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    world: World, variables: dict[str, str], reference: str, changed: dict[str, str], said: str
) -> None:
    variables |= {name: key_file(2) if value == "{2}" else value for name, value in changed.items()}
    add(world, reference)
    (notice,) = refresh(world).notices()
    assert said in notice
    assert "canary" not in notice
    assert published(world) == ""


@pytest.mark.parametrize(
    "reference",
    [
        *("gcp:acme/openai", "gcp:projects/acme/secrets/a/b", "gcp:projects/../secrets/a"),
        *("gcp:projects/acme/secrets/a/versions/1/x", "gcp:projects/acme/secrets/a#", "gcp:#a"),
        *("azure:", "azure:a_b", "azure:a/b/c", "azure:../x", "azure:a?b=1", "azure:a#"),
    ],
)
def test_what_is_no_reference_is_refused(world: World, reference: str) -> None:
    with pytest.raises(InvalidRequest, match="Write "):
        add(world, reference)


def test_addresses_are_those_of_region_and_cloud(variables: dict[str, str]) -> None:
    del variables["CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"]
    variables |= {"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.given"}
    variables |= {"AZURE_KEY_VAULT_URI": "https://acme.vault.azure.cn"}

    def variable(name: str) -> str:
        return variables.get(name, "")

    now = datetime.fromtimestamp(0, UTC)
    asked = GoogleSecrets().request(REGIONAL.removeprefix("gcp:"), variable, now)
    assert asked.url.startswith("https://secretmanager.europe-west3.rep.googleapis.com/v1/projects")
    assert asked.headers == ((b"authorization", b"Bearer ya29.given"),)
    assert (
        b"scope=https%3A%2F%2Fvault.azure.cn%2F.default" in KeyVault().token_request(variable).body
    )


def test_the_variable_of_google_names_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, file = "GOOGLE_APPLICATION_CREDENTIALS", tmp_path / "account.json"
    monkeypatch.setenv(name, str(file))
    assert operator_variable(name) == ""
    file.write_text('{"type": "service_account"}\n')
    assert operator_variable(name) == '{"type": "service_account"}'


_JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=4) | st.just("e30="),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(("payload", "data", "value", "key")), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(status=st.sampled_from((200, 200, 404)), body=st.binary(max_size=20) | _JSON)
def test_any_answer_is_a_text_or_a_reason_without_it(status: int, body: object) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    for manager in (GoogleSecrets(), KeyVault()):
        for name in ("a#key", "a"):
            with suppress(UpstreamFailed):
                assert manager.read(name, HttpAnswer(status, {}, content))
