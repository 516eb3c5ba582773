"""Limits: what is a limit, which calls it counts, and what they claim."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.digests import canonical_json
from penstock.rules.call import Caller
from penstock.rules.call_conditions import CallFacts
from penstock.rules.claims import CounterKind
from penstock.rules.limits.documents import LimitEntry, LimitsSection, Measure, problem_of
from penstock.rules.limits.index import Amounts, Limit, LimitIndex, nano_usd
from penstock.rules.limits.windows import WindowUnit
from penstock.rules.snapshot.limits import LIMITS

NOW = 1_795_960_800 * 10**9


def entry(**changes: object) -> LimitEntry:
    fields: dict[str, object] = {
        "id": "lim_1",
        "name": "everything",
        "measure": Measure.REQUESTS,
        "amount": Decimal(60),
        "window": WindowUnit.MINUTE,
    }
    return LimitEntry(**(fields | changes))  # pyright: ignore[reportArgumentType] - fields of a test's choice


def facts(model: str = "gpt", provider: str = "openai", **caller: object) -> CallFacts:
    return CallFacts(Caller(**caller), provider, model)  # pyright: ignore[reportArgumentType] - fields of a test's choice


def index(*entries: LimitEntry) -> LimitIndex:
    return LimitIndex(LimitsSection("prj_1", entries))


def names(found: object) -> list[str]:
    return sorted(limit.entry.name for limit in found)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue] - limits


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Decimal(-1)},
        {"amount": Decimal(0)},
        {"amount": Decimal("1.5")},
        {"amount": Decimal("NaN")},
        {"amount": Decimal("Infinity")},
        {"amount": Decimal(10) ** 16},
        {"measure": Measure.SPEND, "amount": Decimal("-0.01")},
        {"measure": Measure.SPEND, "amount": Decimal("1e-12")},
        {"measure": Measure.SPEND, "amount": Decimal(10) ** 10},
        {"measure": Measure.CONCURRENCY},
        {"window": None},
        {"time_zone": "Mars/Olympus"},
        {"name": ""},
        {"name": "x" * 81},
        {"name": "a\nb"},
        {"per": ("weather",)},
        {"per": ("user", "user")},
        {"per": ("tag:",)},
        {"only": {"weather": ("rain",)}},
        {"only": {"team": ()}},
        {"only": {"team": ("x",) * 65}},
        {"only": {"team": ("x" * 257,)}},
    ],
)
def test_a_limit_without_sense_is_rejected_with_a_sentence(changes: dict[str, object]) -> None:
    assert problem_of(entry(**changes)).endswith(".")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"measure": Measure.SPEND, "amount": Decimal("0.000000001"), "window": WindowUnit.MONTH},
        {"measure": Measure.SPEND, "amount": Decimal(0)},
        {"measure": Measure.CONCURRENCY, "window": None},
        {"per": ("user", "tag:customer"), "only": {"model": ("gpt-*",), "key": ("key_1",)}},
    ],
)
def test_a_limit_with_sense_is_accepted(changes: dict[str, object]) -> None:
    assert problem_of(entry(**changes)) == ""


def test_the_document_is_read_as_it_was_written() -> None:
    section = LimitsSection("prj_1", (entry(only={"team": ("a",)}, amount=Decimal(60)),))
    built = LIMITS.read(canonical_json(section))
    assert built.limits[0].entry == section.limits[0]
    assert msgspec.json.decode(canonical_json(section), type=LimitsSection) == section


def test_a_call_meets_the_limits_whose_conditions_it_fulfils() -> None:
    limits = index(
        entry(name="all"),
        entry(name="search", only={"team": ("search", "ads")}),
        entry(name="search with gpt", only={"model": ("openai/gpt*",), "team": ("search",)}),
        entry(name="claude", only={"model": ("claude*",)}),
        entry(name="gold", only={"tag:plan": ("gold",)}),
        entry(name="other provider", only={"provider": ("azure",)}),
    )
    assert names(limits.matching(facts(team="search"))) == ["all", "search", "search with gpt"]
    assert names(limits.matching(facts(team="ads", tags={"plan": "gold"}))) == [
        "all",
        "gold",
        "search",
    ]
    assert names(limits.matching(facts("claude-5", "azure"))) == [
        "all",
        "claude",
        "other provider",
    ]


def test_each_value_has_its_counter_and_a_configured_one_is_not_chosen_by_callers() -> None:
    limit = Limit("prj_1", entry(per=("user", "key")))
    claims = [
        limit.claim(limit.values(facts(user=user, key_id=key)), Amounts(), NOW)
        for user, key in (("a", "k"), ("b", "k"), ("a", "l"), ("a", "k"), ("ak", ""))
    ]
    assert len({claim.key for claim in claims}) == 4
    assert claims[0] == claims[3]
    assert claims[0].others
    by_key = Limit("prj_1", entry(per=("key",)))
    assert by_key.claim(("k",), Amounts(), NOW).others == b""


def test_limits_and_projects_do_not_share_counters() -> None:
    keys = {
        Limit(project, entry(id=id_, **changes)).claim((), Amounts(), NOW).key
        for project in ("prj_1", "prj_2")
        for id_ in ("lim_1", "lim_2")
        for changes in ({}, {"window": WindowUnit.HOUR}, {"time_zone": "Europe/Berlin"})
    }
    assert len(keys) == 12


def test_a_changed_amount_keeps_the_counter() -> None:
    one, other = (Limit("prj_1", entry(amount=Decimal(n))) for n in (60, 120))
    assert one.claim((), Amounts(), NOW).key == other.claim((), Amounts(), NOW).key


@pytest.mark.parametrize(
    ("measure", "window", "kind"),
    [
        (Measure.REQUESTS, WindowUnit.SECOND, CounterKind.RATE),
        (Measure.REQUESTS, WindowUnit.DAY, CounterKind.WINDOW),
        (Measure.TOKENS, WindowUnit.HOUR, CounterKind.HELD_RATE),
        (Measure.TOKENS, WindowUnit.MONTH, CounterKind.WINDOW),
        (Measure.SPEND, WindowUnit.SECOND, CounterKind.WINDOW),
        (Measure.CONCURRENCY, None, CounterKind.OPEN),
    ],
)
def test_short_windows_of_requests_and_tokens_are_rates(
    measure: Measure, window: WindowUnit | None, kind: CounterKind
) -> None:
    assert Limit("prj_1", entry(measure=measure, window=window)).kind == kind


@given(
    st.integers(1, 10**15),
    st.lists(st.integers(0, 10**9), max_size=20),
    st.sampled_from([WindowUnit.SECOND, WindowUnit.MINUTE, WindowUnit.HOUR]),
)
def test_a_rate_admits_at_most_its_amount_at_once(
    amount: int, used: list[int], window: WindowUnit
) -> None:
    limit = Limit("prj_1", entry(measure=Measure.TOKENS, amount=Decimal(amount), window=window))
    claims = [limit.claim((), Amounts(tokens=tokens), NOW) for tokens in used]
    level = admitted = 0
    for claim, tokens in zip(claims, used, strict=True):
        if level + claim.amount <= claim.cap:
            level += claim.amount
            admitted += tokens
    assert admitted <= amount
    assert limit.units(limit.rate_ns) == amount


def test_spend_is_counted_in_billionths_rounded_up() -> None:
    assert nano_usd(Decimal("0.000000000001")) == 1
    assert nano_usd(Decimal("1.5")) == 1_500_000_000
    limit = Limit("prj_1", entry(measure=Measure.SPEND, amount=Decimal("0.5")))
    claim = limit.claim((), Amounts(spend=0), NOW)
    assert (claim.amount, claim.cap) == (0, 500_000_000)
