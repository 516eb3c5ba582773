"""The facts that come with the package, and the errors of a file that cannot be used."""

from datetime import date
from pathlib import Path

import pytest
from genai_prices.data import providers

from features.world import World
from penstock.features.catalog import public_facts
from penstock.features.catalog.model import NewProvider
from penstock.features.catalog.public_facts import PublicFacts, packaged_facts, read_facts
from penstock.features.catalog.public_prices import PublicPrices
from penstock.kernel.errors import InvalidRequest
from penstock.rules.models.facts import Modality

FACTS = packaged_facts()
ROWS = [(vendor, model) for vendor, facts in FACTS.items() for model in facts.models]
GOOD = """
vendor = "acme"
[[models]]
names = ["a-1"]
context_tokens = 1_000
sources = [{ url = "https://example.org", date = 2026-11-29 }]
"""


def test_many_models_of_the_main_vendors_have_facts() -> None:
    assert FACTS.keys() >= {"openai", "anthropic", "google", "mistral", "meta", "alibaba"}
    assert FACTS.keys() >= {"deepseek", "x-ai", "cohere"}
    today = date(2026, 11, 29)
    current = [m for _, m in ROWS if m.retires_on is None or m.retires_on > today]
    assert len(current) >= 50
    assert sum(bool(m.inputs) for m in current) >= 50


def test_each_row_has_sources_with_dates() -> None:
    for facts in FACTS.values():
        assert facts.sources
        assert facts.title
    for vendor, model in ROWS:
        assert model.sources, (vendor, model.names)
        assert all(date(2025, 1, 1) < one.date <= date.today() for one in model.sources)  # noqa: DTZ011 - a date of this machine is enough
        assert model.title, model.names


def test_a_model_reads_and_writes_what_it_should() -> None:
    for vendor, model in ROWS:
        assert bool(model.inputs) == bool(model.outputs), (vendor, model.names)
        if model.inputs:
            assert Modality.TEXT in model.inputs
        assert model.open_weights is not False or not model.licence, (vendor, model.names)


def test_each_file_is_named_after_its_vendor_and_most_vendors_have_prices() -> None:
    folder = Path(public_facts.__file__).parent / "facts"
    assert {file.stem for file in folder.iterdir()} == FACTS.keys()
    assert FACTS.keys() - set(PublicPrices().vendors()) == {"alibaba"}


def test_replacements_have_facts_themselves() -> None:
    for vendor, model in ROWS:
        names = {name for one in FACTS[vendor].models for name in one.names}
        assert not model.replacement or model.replacement in names, (vendor, model.names)


def test_context_windows_agree_with_those_of_the_price_library() -> None:
    """Another source, which others keep: rounded figures differ by a few percent."""
    vendors = {vendor.id: vendor for vendor in providers}
    compared = 0
    for vendor, model in ROWS:
        known = vendors[vendor].find_model(model.names[0]) if vendor in vendors else None
        if known is None or not known.context_window or model.context_tokens is None:
            continue
        compared += 1
        assert model.context_tokens == pytest.approx(known.context_window, rel=0.05), model.names
    assert compared >= 50


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("vendor = ", "not valid TOML"),
        ("title = 'x'", "missing required field `vendor`"),
        (GOOD.replace("1_000", "'many'"), "row 1: Expected `int | null`, got `str`"),
        (GOOD.replace("context_tokens", "context"), "row 1: 'context' is no member"),
        (GOOD.replace("vendor", "colour = 1\nvendor"), "'colour' is no member"),
        (GOOD.replace("a-1", "A-1"), "row 1 (A-1): the name 'A-1'"),
        (GOOD + "inputs = ['smell']", "row 1: Invalid enum value 'smell'"),
        (GOOD.replace("2026-11-29", "'soon'"), "row 1: Invalid RFC3339 encoded date"),
    ],
)
def test_a_bad_file_names_the_row(text: str, problem: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        read_facts(text)
    assert problem in raised.value.message
    assert raised.value.hint == "Nothing was changed."


def test_a_file_with_many_mistakes_has_a_short_error() -> None:
    rows = "".join(f"\n[[models]]\nnames = ['A{n}']\nsources = []\n" for n in range(1000))
    with pytest.raises(InvalidRequest) as raised:
        read_facts("vendor = 'acme'\n" + rows)
    assert len(raised.value.message) < 800
    assert "And 1995 more." in raised.value.message


def test_the_snapshot_has_the_facts_of_the_vendors_in_use(installed: World) -> None:
    def facts() -> set[str]:
        return {n for n in installed.catalog.sections.documents() if n.startswith("facts/")}

    def add(name: str, url: str, *models: str) -> None:
        new = NewProvider(name, url, models=models)
        installed.catalog.providers.add(installed.admin, installed.project_id, new)

    assert facts() == set()
    add("openai", "https://api.openai.com/v1")
    assert facts() == {"facts/openai"}
    add("mine", "https://models.example.org/v1", "Qwen/Qwen3-32B", "own-model")
    assert facts() == {"facts/openai", "facts/alibaba"}


def test_a_vendor_without_facts_needs_those_of_its_models() -> None:
    facts = PublicFacts(FACTS)
    assert list(facts.vendors_of("x-ai", ("anything",))) == ["x-ai"]
    assert set(facts.vendors_of("openrouter", ("openai/gpt-5", "x-ai/grok-4.7", "a/b"))) == {
        "openai",
        "x-ai",
    }
