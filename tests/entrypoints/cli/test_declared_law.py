"""`plan`, `apply` and `export` against a real server: what was applied is what is declared."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from penstock.entrypoints.cli.declared.applying import apply_plan
from penstock.entrypoints.cli.declared.exporting import exported
from penstock.entrypoints.cli.declared.model import ObjectAction
from penstock.entrypoints.cli.declared.showing import document_of, lines_of
from penstock.kernel.errors import Conflict, InvalidRequest
from penstock.rules.releases.documents import Release
from tests.conftest import LawSettings
from tests.entrypoints.cli.declared_desk import CLOSED, Desk, Document, change, fields

HOOK_KEY = "Y2FuYXJ5" * 4  # base64
NOTHING = {"changes": [], "kept": [], "unmanaged": []}

# The law

_WORDS = st.text("abc", min_size=1, max_size=3)
_AMOUNTS = st.decimals("0.000001", "9999", places=6).map(lambda each: f"{each:f}")


@st.composite
def _provider(draw: st.DrawFn, name: str) -> dict[str, Any]:
    vendor = draw(st.sampled_from(("", "groq", "mistral", "azure", "transformers")))
    found: dict[str, Any] = {"name": name, "base_url": CLOSED, "private_allowed": True}
    if draw(st.booleans()):
        found["vendor"] = vendor
    if draw(st.booleans()):
        found["models"] = draw(st.lists(_WORDS, max_size=3))
    names = st.sampled_from(("stream_usage", "key_header", "parts"))
    found["quirks"] = draw(st.dictionaries(names, st.sampled_from(("", "no", "x")), max_size=2))
    if draw(st.booleans()):
        found["api_key"] = draw(st.sampled_from(("file:key-0", "file:key-1", "vault:s/p#f")))
    if draw(st.booleans()):
        more = draw(st.lists(_WORDS, max_size=2, unique=True))
        found["credentials"] = [{"name": each, "api_key": "file:key-0"} for each in more]
    return found


@st.composite
def _documents(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(("one", "two", "groq")), unique=True, min_size=1))
    providers = [draw(_provider(name)) for name in names]
    pinned = [each for each in providers if each.get("models")]
    limits = [
        {
            "name": name,
            "measure": draw(st.sampled_from(("requests", "tokens"))),
            "amount": draw(st.integers(1, 10**15 - 1)),
            "window": draw(st.sampled_from(("second", "month"))),
            "only": draw(_CONDITIONS),
            "per": draw(st.lists(st.sampled_from(("key", "user")), unique=True)),
        }
        for name in draw(st.lists(_WORDS, unique=True, max_size=2))
    ]
    use_cases = [
        {"name": f"u-{name}"} | draw(_USE_CASES)
        for name in draw(st.lists(_WORDS, unique=True, max_size=2))
    ]
    return {
        "providers": [*providers, FIXED],
        "routes": [
            {
                "name": f"r-{name}",
                "targets": [
                    {"provider": each["name"], "model": each["models"][0]}
                    | draw(st.fixed_dictionaries({}, optional={"weight": st.integers(1, 9)}))
                    | (draw(_FOR_CERTAIN_CALLS) if at else {})
                    for at, each in enumerate(pinned)
                ],
                "strategy": draw(st.sampled_from(("weighted", "sticky"))),
            }
            for name in draw(st.lists(_WORDS, unique=True, max_size=2 if pinned else 0))
        ],
        "use_cases": use_cases,
        "rollouts": [
            {"use_case": each["name"], "environment": "dev"} | draw(_ROLLOUTS)
            for each in use_cases
            if each.get("status") != "retired" and draw(st.booleans())
        ],
        "webhooks": [
            {"url": f"https://{name}.example.org/h"} | draw(_WEBHOOKS)
            for name in draw(st.lists(_WORDS, unique=True, max_size=2))
        ],
        "limits": limits,
        "guardrails": [
            {"name": name, "checks": [draw(_CHECKS)], "only": draw(_CONDITIONS)}
            for name in draw(st.lists(_WORDS, unique=True, max_size=2))
        ],
        "prices": [
            {"model": model, "prices": draw(_PRICES), **({"starts_at": at} if at else {})}
            for model, at in draw(st.lists(st.tuples(_WORDS, _TIMES), unique=True, max_size=3))
        ],
    }


_FOR_CERTAIN_CALLS = st.fixed_dictionaries(
    {},
    optional={
        "when": st.fixed_dictionaries(
            {"languages": st.lists(st.sampled_from(("de", "fr")), min_size=1, unique=True)},
            optional={"only": st.just({"tag:x": ["a"]}), "min_tokens": st.integers(0, 9)},
        )
    },
)
_ONLY = st.lists(_WORDS, min_size=1, max_size=2)
_CONDITIONS = st.dictionaries(st.sampled_from(("team", "tag:x")), _ONLY, max_size=2)
_CHECKS = st.fixed_dictionaries(
    {
        "detector": st.sampled_from(("secrets", "card_numbers")),
        "places": st.lists(st.sampled_from(("input", "output")), min_size=1, unique=True),
        "action": st.sampled_from(("flag", "redact", "block")),
    },
    optional={
        "on_failure": st.sampled_from(("open", "closed")),
        "timeout_ms": st.integers(1, 60_000),
    },
)
_USE_CASES = st.fixed_dictionaries(
    {},
    optional={
        "purpose": st.text("ab ", max_size=5),
        "status": st.sampled_from(("draft", "active", "retired")),
        "risk_tier": st.sampled_from(("minimal", "high")),
        "data_classes": st.lists(_WORDS, unique=True, max_size=2),
        "criteria": st.lists(
            st.fixed_dictionaries(
                {"name": _WORDS, "at_least": st.sampled_from((0, 0.5))},
                optional={"at_most": st.just(1.0), "description": _WORDS},
            ),
            max_size=2,
        ),
        "environments": st.sampled_from(
            (
                [{"name": "dev"}, {"name": "live", "protected": True, "role": "owner"}],
                [{"name": "dev"}, {"name": "live", "role": "admin"}],
            )
        ),
    },
)
FIXED = {"name": "fixed", "base_url": CLOSED, "private_allowed": True, "models": ["a", "b", "c"]}
RELEASES = st.sampled_from([Release(model=f"fixed/{each}").digest() for each in "abc"])
_SHADOWS = st.fixed_dictionaries(
    {"release": st.just(Release(model="fixed/c", parameters={"temperature": 0.5}).digest())},
    optional={"percent": st.sampled_from((1.5, 100)), "max_calls": st.integers(1, 9)},
).map(lambda found: found | {"usd_per_day": "2.50"})
_GUARDS = st.lists(
    st.sampled_from(({"metric": "errors", "margin": 0.01}, {"metric": "slow", "limit": 500})),
    min_size=1,
    max_size=2,
    unique_by=str,
)
_STEPS = st.lists(st.sampled_from((5, 12.5, 50)), min_size=1, unique=True).map(
    lambda found: [{"percent": each} for each in sorted(found)]
)
_COMPARED = st.fixed_dictionaries(
    {},
    optional={
        "sticky": st.sampled_from(("request", "user")),
        "shadow": _SHADOWS,
        "overrides": st.just({"anna": "new"}),
    },
)
_FULL = st.fixed_dictionaries({"release": RELEASES}, optional={"shadow": _SHADOWS})
_CANARY = st.builds(
    lambda release, guards, steps, more: (
        {"release": release, "name": "new", "plan": {"guards": guards, "steps": steps}} | more
    ),
    RELEASES,
    _GUARDS,
    _STEPS,
    _COMPARED,
)
_ARMS = st.builds(
    lambda releases, share, guards, more: (
        {
            "arms": [
                {"release": releases[0], "percent": share, "name": "old"},
                {"release": releases[1], "percent": 100 - share, "name": "new"},
            ],
            "baseline": "old",
            "plan": {"guards": guards},
        }
        | more
    ),
    st.lists(RELEASES, min_size=2, max_size=2, unique=True),
    st.sampled_from((50, 12.5)),
    _GUARDS,
    _COMPARED,
)
_ROLLOUTS = st.one_of(_FULL, _CANARY, _ARMS)
_WEBHOOKS = st.fixed_dictionaries(
    {},
    optional={
        "events": st.lists(
            st.sampled_from(("rollout.started", "feedback.received")), min_size=1, unique=True
        ),
        "secret": st.sampled_from(("file:hook-0", "file:hook-1")),
    },
)
_TIMES = st.sampled_from((None, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00.123456+02:00"))
_PRICES = st.dictionaries(
    st.sampled_from(("input_tokens", "output_tokens", "requests")), _AMOUNTS, min_size=1
).map(lambda found: [{"unit": unit, "price": price} for unit, price in found.items()])


def test_what_is_applied_is_declared_and_its_export_too(
    desks: Callable[[], Desk], law: LawSettings
) -> None:
    @law(6)
    @given(st.lists(_documents(), min_size=1, max_size=3))
    def holds(documents: list[Document]) -> None:
        desk = desks()
        for number in range(2):
            desk.secret(f"key-{number}", f"sk-canary-0123456789-{number}")
            desk.secret(f"hook-{number}", f"whsec_{HOOK_KEY}{number}AAA")
        desk.releases()
        for document in documents:
            desk.apply(document, prune=True)
            again = desk.plan(document, prune=True)
            assert document_of(again) == NOTHING
            written = exported(desk.kinds)
            assert document_of(desk.plan(written, prune=True)) == NOTHING
            assert "sk-canary" not in written
            assert HOOK_KEY not in written

    holds()


# Single cases

PROVIDER = {"name": "own", "base_url": CLOSED, "private_allowed": True, "models": ["m", "n"]}
ROUTE = {"name": "chat", "targets": [{"provider": "own", "model": "m"}]}
LIMIT = {"name": "month", "measure": "spend", "amount": 100, "window": "month"}


def test_a_plan_names_each_field_and_no_secret(desk: Desk) -> None:
    key = desk.secret("key", "sk-canary-0123456789-old")
    desk.apply({"providers": [PROVIDER | {"api_key": key}]})
    assert desk.plan({"providers": [PROVIDER]}).pending == ()
    desk.secret("key", "sk-canary-0123456789-new")
    plan = desk.plan({"providers": [PROVIDER | {"api_key": key, "models": ["m"]}]})
    assert fields(plan) == {
        "models": (["m", "n"], ["m"]),
        "api_key of default": ("another one", "file:key"),
    }
    assert "canary" not in repr(plan) + "\n".join(lines_of(plan)) + repr(document_of(plan))
    assert list(lines_of(plan)) == [
        "~ provider own",
        '    models: ["m", "n"] → ["m"]',
        "    api_key of default: another one → file:key",
        "1 to change.",
    ]


def test_only_prune_deletes_and_only_kinds_that_a_file_names(desk: Desk) -> None:
    desk.apply({"providers": [PROVIDER], "routes": [ROUTE], "limits": [LIMIT]})
    plan = desk.plan({"routes": []})
    assert (plan.pending, plan.unmanaged) == (
        (),
        (("provider", "own"), ("route", "chat"), ("limit", "month")),
    )
    with pytest.raises(InvalidRequest, match=r"penstock.yaml:\d+: This project has no provider"):
        desk.plan({"providers": [], "routes": [ROUTE]}, prune=True)
    plan = desk.plan({"providers": [], "routes": []}, prune=True)
    assert [(each.action, each.name) for each in plan.pending] == [
        (ObjectAction.DELETE, "chat"),
        (ObjectAction.DELETE, "own"),
    ]
    assert desk.apply({"routes": [], "limits": []}, prune=True) == [
        "delete: limit month",
        "delete: route chat",
    ]


def test_a_use_case_is_shown_by_what_it_declares_and_stays_with_a_release(desk: Desk) -> None:
    use_case = {"name": "letters", "criteria": [{"name": "correct", "at_least": 0.9}]}
    created = desk.plan({"use_cases": [use_case]})
    assert fields(created) == {"criteria": (None, [{"name": "correct", "at_least": 0.9}])}
    desk.apply({"providers": [PROVIDER], "use_cases": [use_case]})
    assert yaml.safe_load(exported(desk.kinds))["use_cases"] == [use_case]
    plan = desk.plan({"use_cases": [use_case | {"status": "active"}]})
    assert fields(plan) == {"status": ("draft", "active")}
    release = desk.api.call("POST", f"{desk.project}/releases", {"model": "own/m"})["digest"]
    start = {"release": release, "seen": 0}
    desk.api.call("PUT", f"{desk.project}/rollouts/letters/dev", start)
    with pytest.raises(Conflict, match="has releases in dev"):
        desk.apply({"use_cases": []}, prune=True)
    with pytest.raises(InvalidRequest, match=r"penstock.yaml:\d+: .*not a valid name"):
        desk.plan({"use_cases": [{"name": "Two Words"}]})


def test_what_a_limit_counts_is_replaced_and_its_amount_changed(desk: Desk) -> None:
    desk.apply({"limits": [LIMIT]})
    plan = desk.plan({"limits": [LIMIT | {"amount": 200}]})
    assert (change(plan).action, fields(plan)) == (ObjectAction.CHANGE, {"amount": ("100", "200")})
    plan = desk.plan({"limits": [LIMIT | {"window": "day"}]})
    assert (change(plan).action, fields(plan)) == (
        ObjectAction.REPLACE,
        {"window": ("month", "day")},
    )
    assert "what has been used is forgotten" in next(lines_of(plan))
    desk.apply({"limits": [LIMIT | {"window": "day"}]})
    assert desk.plan({"limits": [LIMIT | {"window": "day"}]}).pending == ()


def test_another_address_needs_the_secrets_again(desk: Desk) -> None:
    key = desk.secret("key", "sk-canary-0123456789-old")
    full = PROVIDER | {"api_key": key, "credentials": [{"name": "b", "api_key": key}]}
    desk.apply({"providers": [full]})
    moved = {"base_url": "http://127.0.0.1:11/v1"}
    with pytest.raises(InvalidRequest, match="given for another address"):
        desk.plan({"providers": [PROVIDER | moved]})
    with pytest.raises(InvalidRequest, match="'b' has to be sent"):
        desk.plan({"providers": [PROVIDER | moved | {"api_key": key}]})
    desk.apply({"providers": [full | moved]})
    assert desk.plan({"providers": [full | moved]}).pending == ()


def test_a_change_of_somebody_else_is_not_overwritten_and_a_rerun_goes_on(desk: Desk) -> None:
    desk.apply({"providers": [PROVIDER], "routes": [ROUTE]})
    wanted = {
        "limits": [LIMIT],
        "routes": [ROUTE | {"max_attempts": 5}, ROUTE | {"name": "a-new-one"}],
    }
    plan = desk.plan(wanted)
    path = f"{desk.project}/routes/chat"
    desk.api.call("PUT", path, {"targets": ROUTE["targets"], "max_attempts": 4})
    done: list[str] = []
    with pytest.raises(Conflict) as caught:
        apply_plan(desk.api, plan, done.append, lambda _: None)
    assert done == []
    assert "route chat: " in caught.value.message
    assert "0 of 3 changes were applied. Run the same command again" in caught.value.hint
    assert len(desk.apply(wanted)) == 3
    assert desk.plan(wanted).pending == ()


def test_a_route_that_cannot_work_stops_everything_before_the_first_change(desk: Desk) -> None:
    wrong = ROUTE | {"targets": [{"provider": "own", "model": "x"}]}
    with pytest.raises(InvalidRequest) as caught:
        desk.apply({"providers": [PROVIDER], "routes": [wrong], "limits": [LIMIT]})
    assert "penstock.yaml:1" in caught.value.message
    assert "does not list the model 'x'" in caught.value.message
    assert desk.plan({}).unmanaged == ()


def test_the_kind_of_a_provider_stays(desk: Desk) -> None:
    desk.apply({"providers": [PROVIDER]})
    with pytest.raises(InvalidRequest, match="kind of a provider cannot change"):
        desk.plan({"providers": [PROVIDER | {"kind": "gemini"}]})


def test_a_dated_price_is_found_by_its_time_and_another_one_by_its_model(desk: Desk) -> None:
    old = {"model": "m", "prices": [{"unit": "requests", "price": 1}]}
    dated = old | {"starts_at": "2020-01-01T00:00:00Z"}
    desk.apply({"prices": [dated, old]})
    plan = desk.plan({"prices": [dated, old | {"prices": [{"unit": "requests", "price": "2.0"}]}]})
    assert fields(plan) == {"prices.requests.price": ("1", "2")}
    assert desk.plan({"prices": [dated, old]}, prune=True).pending == ()
    assert change(desk.plan({"prices": [dated]}, prune=True)).action is ObjectAction.DELETE
