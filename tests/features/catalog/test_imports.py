"""Facts and prices from a file: they replace those of the package, or nothing is changed."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from penstock.features.catalog.imported_store import ListKind
from penstock.features.catalog.model import NewProvider
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.models.facts import VendorFacts
from penstock.rules.prices.price import VendorPrices
from tests.features.world import World

FACTS = """
vendor = "openai"
title = "OpenAI"
[[models]]
names = ["gpt-9", "gpt-5"]
context_tokens = 9_000_000
sources = [{ url = "https://example.org", date = 2026-11-29 }]
"""
MODEL: dict[str, Any] = {
    "id": "gpt-9",
    "match": {"equals": "gpt-9"},
    "prices": {"input_mtok": 7, "output_mtok": "8.5"},
}
VENDOR: dict[str, Any] = {
    "id": "openai",
    "name": "OpenAI",
    "api_pattern": r"https://api\.openai\.com",
    "models": [MODEL],
}


def prices(*models: dict[str, Any], **members: object) -> str:
    return json.dumps([VENDOR | {"models": list(models) or [MODEL]} | members])


def with_openai(world: World, *models: str) -> None:
    new = NewProvider("openai", "https://api.openai.com/v1", models=models)
    world.catalog.providers.add(world.admin, world.project_id, new)


def document(world: World, name: str) -> Any:
    return world.catalog.sections.documents()[name]


def test_imported_facts_replace_those_of_their_vendor(installed: World) -> None:
    with_openai(installed)
    before = document(installed, "facts/openai")
    done = installed.catalog.imports.import_file(installed.root, FACTS)
    assert [(one.kind, one.vendor, one.row_count) for one in done] == [
        (ListKind.FACTS, "openai", 1)
    ]
    after = document(installed, "facts/openai")
    assert isinstance(after, VendorFacts)
    assert [model.names for model in after.models] == [("gpt-9", "gpt-5")]
    installed.catalog.imports.remove(installed.root, ListKind.FACTS, "openai")
    assert document(installed, "facts/openai") == before


def test_imported_prices_replace_those_of_their_vendor(installed: World) -> None:
    with_openai(installed)
    before = document(installed, "prices/openai")
    installed.catalog.imports.import_file(installed.root, prices())
    after = document(installed, "prices/openai")
    assert isinstance(after, VendorPrices)
    (model,) = after.models
    assert model.periods[0].prices is not None
    assert [(p.unit, p.price) for p in model.periods[0].prices] == [
        ("input_tokens", Decimal(7)),
        ("output_tokens", Decimal("8.5")),
    ]
    installed.catalog.imports.remove(installed.root, ListKind.PRICES, "openai")
    assert document(installed, "prices/openai") == before


def test_a_second_file_replaces_the_first(installed: World) -> None:
    for title in ("One", "Two"):
        installed.catalog.imports.import_file(installed.root, FACTS.replace("OpenAI", title))
    assert len(installed.catalog.imports.list_all()) == 1
    with_openai(installed)
    assert document(installed, "facts/openai").title == "Two"


def test_an_import_is_audited_on_the_instance(installed: World) -> None:
    (one,) = installed.catalog.imports.import_file(installed.root, FACTS)
    installed.catalog.imports.remove(installed.root, ListKind.FACTS, "openai")
    events = installed.identity.audit_reader.list_page("", None, 10)
    removed, imported = [event for event in events if event.action.startswith("models.import")]
    assert (imported.action, imported.subject) == ("models.import", "facts/openai")
    assert imported.after == {"rows": 1, "digest": one.digest}
    assert removed.action == "models.import.remove"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "missing required field `vendor`"),
        (FACTS.replace("9_000_000", "0"), "row 1 (gpt-9): context_tokens must be at least 1."),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("[", "it is not valid JSON"),
        ("[" * 100_000, "it is not valid JSON"),
        ("[]", "it has no vendor"),
        ("[7]", "row 1 is no vendor"),
        (json.dumps([VENDOR, VENDOR]), "it has a vendor twice"),
        (json.dumps([{"models": [MODEL]}]), "row 1 (None)"),
        (prices(MODEL, {"id": "b"}), "openai/b: "),
        (prices(MODEL | {"prices": {"input_mtok": "cheap"}}), "openai/gpt-9: input_mtok"),
        (
            prices(MODEL | {"prices": {"input_mtok": -1}}),
            "openai/gpt-9: the price of input_tokens must be between 0 and 1000000",
        ),
        (prices(MODEL | {"match": {"regex": "("}}), "openai/gpt-9: its pattern is not valid"),
        (prices(7), "openai/7: "),  # pyright: ignore[reportArgumentType] - a wrong row
    ],
)
def test_a_bad_file_names_the_row_and_changes_nothing(
    installed: World, text: str, problem: str
) -> None:
    installed.catalog.imports.import_file(installed.root, FACTS)
    before = installed.catalog.imports.list_all()
    with pytest.raises(InvalidRequest) as raised:
        installed.catalog.imports.import_file(installed.root, text)
    assert problem in raised.value.message
    assert raised.value.hint == "Nothing was changed."
    assert len(raised.value.message) < 900
    assert installed.catalog.imports.list_all() == before


def test_what_was_not_imported_cannot_be_removed(installed: World) -> None:
    with pytest.raises(NotFound):
        installed.catalog.imports.remove(installed.root, ListKind.PRICES, "openai")


def test_a_packaged_file_can_be_imported(installed: World) -> None:
    folder = Path(__file__).parents[3] / "src/penstock/features/catalog/facts"
    for file in folder.iterdir():
        (done,) = installed.catalog.imports.import_file(installed.root, file.read_text("utf-8"))
        assert done.vendor == file.stem
