"""Facts of models: how they are found, what makes a row wrong, when a retirement warns."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.digests import canonical_json
from penstock.rules.models.facts import (
    FactsIndex,
    FactsList,
    FactSource,
    ModelFacts,
    VendorFacts,
    problems,
    retirement,
)
from penstock.rules.snapshot.facts import MODEL_FACTS

SOURCE = (FactSource("https://example.org/models", date(2026, 11, 29)),)
OLD = ModelFacts(
    ("old-1", "old-latest"), SOURCE, retires_on=date(2026, 12, 11), replacement="new-1"
)
ACME = VendorFacts("acme", (OLD, ModelFacts(("new-1",), SOURCE)))
OTHER = VendorFacts("other", (ModelFacts(("new-1",), SOURCE, title="Another"),))
INDEX = FactsIndex({"acme": FactsList(ACME), "other": FactsList(OTHER)})


def test_a_vendor_has_its_own_facts() -> None:
    found = INDEX.find("acme", "Old-Latest")
    assert found is not None
    assert (found.model, found.vendor, found.by_vendor) == (OLD, ACME, True)
    assert INDEX.find("other", "old-1") is None, "another vendor's model of that name"


@pytest.mark.parametrize("vendor", ["", "reseller"])
def test_a_host_of_models_has_the_facts_of_the_vendor_that_made_them(vendor: str) -> None:
    found = INDEX.find(vendor, "acme/old-1")
    assert found is not None
    assert (found.model, found.by_vendor) == (OLD, False)
    assert INDEX.find(vendor, "Acme/Old.1") == found
    assert INDEX.find(vendor, "unknown") is None


@given(st.integers(-400, 400))
def test_a_retirement_warns_from_thirty_days_before_it(days: int) -> None:
    found = retirement(INDEX.find("acme", "old-1"), date(2026, 12, 11) - timedelta(days))
    assert found is not None
    assert found.days == days
    assert found.warns == (days <= 30)
    verb = "retired" if days < 0 else "retires"
    assert found.sentence("old-1") == f"old-1 {verb} on 2026-12-11. Use new-1."


def test_only_the_vendor_retires_its_model() -> None:
    assert retirement(INDEX.find("reseller", "acme/old-1"), date(2027, 1, 1)) is None
    assert retirement(INDEX.find("acme", "new-1"), date(2027, 1, 1)) is None
    assert retirement(None, date(2027, 1, 1)) is None


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (ModelFacts((), SOURCE), "needs at least one name"),
        (ModelFacts(("GPT-9",), SOURCE), "lower case"),
        (ModelFacts(("",), SOURCE), "lower case"),
        (ModelFacts(("a",), ()), "needs a source"),
        (ModelFacts(("a",), (FactSource("ftp://x", date(2026, 1, 1)),)), "https"),
        (ModelFacts(("a",), SOURCE, output_tokens=0), "output_tokens"),
        (
            ModelFacts(("a",), SOURCE, deprecated_on=date(2026, 2, 1), retires_on=date(2026, 1, 1)),
            "before it is deprecated",
        ),
    ],
)
def test_a_wrong_row_is_named(row: ModelFacts, problem: str) -> None:
    found = list(problems(VendorFacts("acme", (OLD, row))))
    assert len(found) == 1
    assert found[0].startswith("row 2 (")
    assert problem in found[0]


def test_two_rows_cannot_share_a_name() -> None:
    assert list(problems(VendorFacts("acme", (OLD, ModelFacts(("old-1",), SOURCE))))) == [
        "row 2 (old-1): 'old-1' is also a name of row 1."
    ]


def test_facts_survive_the_snapshot() -> None:
    assert MODEL_FACTS.name("acme") == "facts/acme"
    assert MODEL_FACTS.read(canonical_json(ACME)).facts == ACME
