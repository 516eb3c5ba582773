"""The snapshot of a gateway: keys, the meaning of `model`, prices, and what is rejected."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.gateway.snapshot.snapshot import SnapshotUnusable, build, missing_sections, read_root
from penstock.gateway.snapshot.suggestions import NameIndex
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.call import Usage, UsageSource
from penstock.rules.models.facts import ListedModel
from penstock.rules.prices.price import (
    Clause,
    ModelPrices,
    OverridesSection,
    PriceOverride,
    PricePeriod,
    UnitPrice,
    VendorPrices,
)
from penstock.rules.prices.price_book import CalledModel
from penstock.rules.snapshot.access import KeyEntry, ProjectPolicy, ProjectSection
from penstock.rules.snapshot.providers import ProviderEntry, ProvidersSection
from penstock.rules.snapshot.tree import SNAPSHOT_SCHEMA
from tests.gateway.snapshot_tree import Tree, key, provider

P = "prj_1"


def project(*providers: ProviderEntry) -> Tree:
    return Tree({f"{P}/providers": ProvidersSection(P, providers)})


def resolved(tree: Tree, model: str) -> tuple[str, str]:
    target = tree.build().project(P).resolve(model)
    return target.entry.name, target.upstream_model


def test_a_key_opens_its_project_until_it_expires() -> None:
    policy = ProjectPolicy(on_spool_full="serve")
    section = ProjectSection(P, (key("good"), key("old", expires_ms=1_000)), policy)
    snapshot = Tree({f"{P}/access": section}).build()
    key_context = snapshot.find_key("good", 10**15)
    assert key_context is not None
    assert (key_context.project_id, key_context.key.id, key_context.policy) == (
        P,
        "key_good",
        policy,
    )
    assert snapshot.find_key("old", 999) is not None
    assert snapshot.find_key("old", 1_000) is None
    assert snapshot.find_any_key("old") is not None
    assert snapshot.find_key("bad", 0) is None
    assert snapshot.find_key("", 0) is None


def test_keys_in_parts_are_found_like_keys_in_one() -> None:
    parts = {f"{P}/access/{number}": ProjectSection(P, (key(f"k{number}"),)) for number in range(4)}
    snapshot = Tree(dict(parts)).build()
    assert all(snapshot.find_key(f"k{number}", 0) for number in range(4))


def test_provider_slash_model_names_both() -> None:
    tree = project(provider("openai", "gpt-4o"), provider("azure", "gpt-4o"))
    assert resolved(tree, "azure/gpt-4o") == ("azure", "gpt-4o")
    assert resolved(tree, "openai/not-listed") == ("openai", "not-listed")
    assert resolved(tree, "openai/ft:x/y") == ("openai", "ft:x/y")


def test_a_plain_id_means_the_only_provider_that_lists_it() -> None:
    tree = project(provider("openai", "gpt-4o"), provider("vllm", "meta/llama", "gpt-4o-local"))
    assert resolved(tree, "gpt-4o") == ("openai", "gpt-4o")
    assert resolved(tree, "meta/llama") == ("vllm", "meta/llama")


def test_a_provider_name_wins_over_a_plain_id() -> None:
    tree = project(provider("meta", "x"), provider("vllm", "meta/llama"))
    assert resolved(tree, "meta/llama") == ("meta", "llama")
    assert resolved(tree, "vllm/meta/llama") == ("vllm", "meta/llama")
    assert tree.build().project(P).models() == (
        ListedModel("vllm/meta/llama", "vllm"),
        ListedModel("x", "meta"),
    )


def test_a_plain_id_of_two_providers_is_ambiguous() -> None:
    tree = project(provider("openai", "gpt-4o"), provider("azure", "gpt-4o"))
    with pytest.raises(InvalidRequest) as raised:
        resolved(tree, "gpt-4o")
    assert raised.value.code == "model_ambiguous"
    assert "`openai/gpt-4o` or `azure/gpt-4o`" in raised.value.hint


@pytest.mark.parametrize("model", ["gpt4o", "GPT-4o", "openai/", "/gpt-4o", "got-4o"])
def test_an_unknown_model_gets_suggestions(model: str) -> None:
    tree = project(provider("openai", "gpt-4o", "o3", "text-embedding-3-small"))
    with pytest.raises(NotFound) as raised:
        resolved(tree, model)
    assert raised.value.code == "model_not_found"
    assert raised.value.param == "model"
    assert ("`gpt-4o`" in raised.value.hint) == ("4o" in model)


def test_without_providers_the_hint_is_to_add_one() -> None:
    with pytest.raises(NotFound, match="has no model") as raised:
        Tree({}).build().project("prj_unknown").resolve("gpt-4o")
    assert "penstock provider add" in raised.value.hint


def test_a_very_long_name_is_rejected_and_not_repeated() -> None:
    with pytest.raises(InvalidRequest) as raised:
        resolved(project(provider("openai", "gpt-4o")), "x" * 100_000)
    assert len(raised.value.message) < 200


def test_the_secret_of_a_match_is_not_in_its_repr() -> None:
    tree = project(provider("openai", "gpt-4o", secret_id="sec_1"))
    tree.secrets = {"sec_1": "sk-canary"}
    target = tree.build().project(P).resolve("gpt-4o")
    assert target.secrets == (("default", "sk-canary"),)
    assert "sk-canary" not in repr(target)


def test_models_are_listed_by_their_shortest_unique_name() -> None:
    tree = project(provider("openai", "gpt-4o", "o3"), provider("azure", "gpt-4o"))
    listed = tree.build().project(P).models()
    assert listed == (
        ListedModel("openai/gpt-4o", "openai"),
        ListedModel("azure/gpt-4o", "azure"),
        ListedModel("o3", "openai"),
    )


def test_a_key_sees_the_models_it_may_call() -> None:
    tree = project(provider("openai", "gpt-4o", "o3"), provider("azure", "gpt-4o"))
    allowed = key("k", allowed_models=("azure/*", "o3"))
    tree.documents[f"{P}/access"] = ProjectSection(P, (allowed,))
    snapshot = tree.build()
    key_context = snapshot.find_key("k", 0)
    assert key_context is not None
    assert snapshot.models(key_context) == (
        ListedModel("azure/gpt-4o", "azure"),
        ListedModel("o3", "openai"),
    )


def test_calls_are_priced_by_the_vendors_list_and_by_own_prices() -> None:
    def price(amount: str) -> tuple[UnitPrice, ...]:
        return (UnitPrice("input_tokens", Decimal(amount)),)

    listed = ModelPrices("m", Clause("equals", "m"), (PricePeriod(price("3")),))
    tree = project(provider("acme", "m", "own", vendor="acme"))
    tree.documents["prices/acme"] = VendorPrices("acme", (listed,))
    tree.documents[f"{P}/prices"] = OverridesSection(
        P, (PriceOverride("prc_1", "acme", "own", price("7")),)
    )
    view = tree.build().project(P)
    usage = Usage(1_000_000, source=UsageSource.PROVIDER)
    charges = [view.charge(CalledModel("acme", "acme", m), usage, 0) for m in ("m", "own", "x")]
    assert [c and (c.cost, c.price_id) for c in charges] == [
        (Decimal(3), "acme/m"),
        (Decimal(7), "override/prc_1"),
        None,
    ]


def test_a_change_fetches_and_decodes_only_what_changed() -> None:
    tree = project(provider("openai", "gpt-4o"))
    tree.documents[f"{P}/access"] = ProjectSection(P, (key("one"),))
    before = tree.build()
    tree.documents[f"{P}/access"] = ProjectSection(P, (key("two"),))
    missing = missing_sections(read_root(tree.root), before)
    assert list(missing) == [f"{P}/access"]
    changed = {hash_: tree.sections[hash_] for hash_ in missing.values()}
    after = build(tree.root, changed, tree.sealed, before)
    assert after.parts[f"{P}/providers"] is before.parts[f"{P}/providers"]
    assert (after.find_key("one", 0), after.find_key("two", 0) is not None) == (None, True)
    assert before.find_key("one", 0) is not None
    assert after.digest != before.digest
    del tree.documents[f"{P}/providers"]
    assert tree.build(after).project(P).models() == ()


def test_the_digest_is_the_roots_own() -> None:
    tree = project(provider("openai", "gpt-4o"))
    assert tree.build().digest == read_root(tree.root).digest


def test_sections_of_an_unknown_kind_are_skipped() -> None:
    tree = Tree({f"{P}/adapters": ProjectSection(P), "flags": ProjectSection(P)})
    assert tree.build().parts == {}


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"sections": 1}', b'{"schema": 1}'])
def test_a_document_that_is_not_a_root_is_rejected(raw: bytes) -> None:
    with pytest.raises(SnapshotUnusable):
        read_root(raw)


def test_a_newer_schema_is_rejected_with_its_reason() -> None:
    with pytest.raises(SnapshotUnusable, match=f"schema {SNAPSHOT_SCHEMA + 1}") as raised:
        Tree({}, schema=SNAPSHOT_SCHEMA + 1).build()
    assert raised.value.code == "snapshot_schema_newer"


def test_a_damaged_section_and_a_missing_secret_are_rejected() -> None:
    tree = project(provider("openai", "gpt-4o", secret_id="sec_1"))
    with pytest.raises(SnapshotUnusable, match="secret of provider openai"):
        tree.build()
    damaged = dict.fromkeys(tree.sections, b"{}")
    with pytest.raises(SnapshotUnusable, match="damaged"):
        build(tree.root, damaged, tree.sealed)
    wrong = Tree({f"{P}/providers": KeyEntry("key_1", "00")})
    with pytest.raises(SnapshotUnusable, match="cannot be read"):
        wrong.build()


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=12, unique=True))
def test_a_known_name_is_its_own_first_suggestion(names: list[str]) -> None:
    index = NameIndex(names)
    for name in names:
        suggested = index.suggest(name, count=len(names))
        assert name in suggested
        assert len(set(suggested)) == len(suggested)
