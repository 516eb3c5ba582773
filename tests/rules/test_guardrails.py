"""Guardrail policies as documents."""

import msgspec
import pytest

from penstock.kernel.digests import canonical_json
from penstock.rules.guards.plan import GuardrailIndex
from penstock.rules.guards.policies import (
    Action,
    Check,
    GuardrailPolicy,
    GuardrailsSection,
    Place,
    problem_of,
)
from penstock.rules.snapshot.guardrails import GUARDRAILS

SECRETS = Check("secrets", (Place.INPUT, Place.OUTPUT), Action.REDACT, options={"own": True})


def policy(*checks: Check, **changes: object) -> GuardrailPolicy:
    fields: dict[str, object] = {
        "id": "gdr_1",
        "name": "no secrets",
        "checks": checks or (SECRETS,),
    }
    return GuardrailPolicy(**(fields | changes))  # pyright: ignore[reportArgumentType] - fields of a test's choice


def check(**changes: object) -> Check:
    fields: dict[str, object] = {
        "detector": "secrets",
        "places": (Place.INPUT,),
        "action": Action.FLAG,
    }
    return Check(**(fields | changes))  # pyright: ignore[reportArgumentType] - fields of a test's choice


@pytest.mark.parametrize(
    "one",
    [
        policy(),
        policy(check(options={"words": ("a", "b"), "limit": 0.5, "own": False, "most": 3})),
        policy(check(action=Action.BLOCK, places=(Place.OUTPUT,), ask_again=3)),
        policy(only={"team": ("support",), "tag:tier": ("free",), "model": ("openai/*",)}),
    ],
)
def test_a_policy_is_the_same_after_its_way_through_a_snapshot(one: GuardrailPolicy) -> None:
    assert problem_of(one) == ""
    section = GuardrailsSection("prj_1", (one,))
    assert msgspec.json.decode(canonical_json(section), type=GuardrailsSection) == section
    assert isinstance(GUARDRAILS.read(canonical_json(section)), GuardrailIndex)


@pytest.mark.parametrize(
    "one",
    [
        policy(name=""),
        policy(name="x" * 81),
        policy(name="a\nb"),
        policy(checks=()),
        policy(*[SECRETS] * 33),
        policy(only={"colour": ("red",)}),
        policy(only={"team": ()}),
        policy(check(detector="")),
        policy(check(places=())),
        policy(check(places=(Place.INPUT, Place.INPUT))),
        policy(check(timeout_ms=0)),
        policy(check(timeout_ms=60_001)),
        policy(check(ask_again=-1)),
        policy(check(ask_again=4, action=Action.BLOCK, places=(Place.OUTPUT,))),
        policy(check(ask_again=1, action=Action.REDACT, places=(Place.OUTPUT,))),
        policy(check(ask_again=1, action=Action.BLOCK)),
        policy(check(options={"words": ("x" * 8193,)})),
        policy(check(options={"word": "x" * 8193})),
        policy(check(options={f"o{number}": 1 for number in range(33)})),
    ],
)
def test_a_policy_without_sense_is_refused_with_a_sentence(one: GuardrailPolicy) -> None:
    assert problem_of(one).endswith(".")


def test_name_and_conditions_do_not_change_the_digest_and_checks_do() -> None:
    assert policy().digest == policy(name="other", version=7, only={"team": ("a",)}).digest
    assert policy().digest != policy(check()).digest
