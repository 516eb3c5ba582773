"""What is known of vendors ahead: a name is enough for address, quirks and prices."""

from dataclasses import replace

import pytest

from penstock.features.catalog.model import NewProvider, ProviderChange
from penstock.features.catalog.public_prices import PublicPrices
from penstock.infra.registry import Registry
from penstock.kernel.errors import InvalidRequest
from penstock.plugins.providers.vendors import VENDORS
from penstock.spi.chat import ChatProvider
from tests.features.world import SECRET, World

TRANSFORMERS = {"stream_usage": "no", "terminator": "finish_reason"}
SOMEWHERE = NewProvider("tiny", "http://10.0.0.7:8000/v1", private_allowed=True)


WITHOUT_PRICES = {
    "ai21",
    "huggingface",
    "jina",
    "nvidia",
    "replicate",
}  # sellers without a public price list


@pytest.mark.parametrize("name", [name for name, row in VENDORS.items() if row.base_url])
def test_a_vendors_name_is_enough(installed: World, name: str) -> None:
    wanted = NewProvider(name, secret=SECRET, private_allowed=True)
    made = installed.catalog.providers.add(installed.root, installed.project_id, wanted)
    vendor = VENDORS[name]
    assert (made.base_url, made.kind, made.quirks) == (
        vendor.base_url,
        vendor.kind,
        vendor.quirks,
    )
    assert made.vendor == PublicPrices().vendor_of(vendor.base_url)
    sells = bool(vendor.api_key_env) and name not in WITHOUT_PRICES
    assert bool(made.vendor) == sells, "who sells has a price list"


@pytest.mark.parametrize("name", [name for name, row in VENDORS.items() if not row.base_url])
def test_a_vendor_without_an_address_of_its_own_needs_a_base_url(
    installed: World, name: str
) -> None:
    add, new = installed.catalog.providers.add, NewProvider(name, secret=SECRET)
    with pytest.raises(InvalidRequest, match="each customer has an address"):
        add(installed.root, installed.project_id, new)
    url = "https://mine.openai.azure.com/openai/v1"
    made = add(installed.root, installed.project_id, replace(new, base_url=url))
    assert (made.base_url, made.quirks) == (url, VENDORS[name].quirks)


def test_every_vendor_is_served_by_a_plugin_that_is_installed() -> None:
    kinds: Registry[ChatProvider] = Registry("penstock.providers")
    assert {vendor.kind for vendor in VENDORS.values()} <= set(kinds.names())


def test_a_given_vendor_sets_its_quirks_for_any_name_and_url(installed: World) -> None:
    wanted = replace(SOMEWHERE, vendor="transformers")
    made = installed.catalog.providers.add(installed.root, installed.project_id, wanted)
    assert (made.base_url, made.quirks, made.vendor) == (wanted.base_url, TRANSFORMERS, "")


def test_a_given_vendor_sets_its_prices_for_any_url(installed: World) -> None:
    wanted = replace(SOMEWHERE, vendor="xai")
    made = installed.catalog.providers.add(installed.root, installed.project_id, wanted)
    assert made.vendor == "x-ai"


def test_what_is_said_of_a_provider_wins_over_its_vendor(installed: World) -> None:
    wanted = replace(SOMEWHERE, name="transformers", quirks={"terminator": "done"})
    made = installed.catalog.providers.add(installed.root, installed.project_id, wanted)
    assert made.base_url == wanted.base_url
    assert made.quirks == {"stream_usage": "no", "terminator": "done"}


def test_a_changed_vendor_sets_its_quirks(installed: World) -> None:
    providers, project_id = installed.catalog.providers, installed.project_id
    assert providers.add(installed.root, project_id, SOMEWHERE).quirks == {}
    change = ProviderChange(vendor="transformers")
    assert providers.change(installed.root, project_id, "tiny", change).quirks == TRANSFORMERS


def test_an_unknown_name_needs_a_base_url(installed: World) -> None:
    with pytest.raises(InvalidRequest, match="'tiny' needs a base URL") as error:
        installed.catalog.providers.add(installed.root, installed.project_id, NewProvider("tiny"))
    assert error.value.param == "base_url"
