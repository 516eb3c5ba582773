"""Writes the parts of an explanation: targets, limits, policies, rejections."""

from decimal import Decimal
from typing import Any

from penstock.gateway.call import Call
from penstock.gateway.shadow_rule import ShadowRule
from penstock.gateway.stages.dispatch import provider_request
from penstock.gateway.target import Target
from penstock.kernel.errors import PenstockError
from penstock.rules.claims import Claim
from penstock.rules.explanation import (
    ExplainedFinding,
    ExplainedLimit,
    ExplainedPolicy,
    ExplainedRolloutShadow,
    ExplainedTarget,
    Rejection,
)
from penstock.rules.guards.plan import GuardPlan
from penstock.rules.guards.policies import Check
from penstock.rules.guards.results import CheckResults
from penstock.rules.limits.estimate import estimate_cost, estimate_tokens
from penstock.rules.limits.index import NANO, CountedLimit
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.prices.price_book import CalledModel
from penstock.rules.rollouts.documents import ShadowArm


def explained_rejection(stage: str, error: PenstockError) -> Rejection:
    """Returns the error that a call would get at a stage."""
    return Rejection(stage, error.status, error.code, error.message, error.hint, error.param or "")


def explained_target(call: Call, target: Target, head: RequestHead) -> ExplainedTarget:
    """Returns what a call would cost at a target at most, and whether that can take it."""
    known = target.project.facts(target.entry, target.model)
    tokens = estimate_tokens(call.body, call.operation, known.model if known else None)
    called = CalledModel(target.entry.name, target.entry.vendor, target.model)
    cost = estimate_cost(target.project.rates(called, call.start_ns), tokens, call.body)
    changes: tuple[str, ...] = ()
    problem: Rejection | None = None
    try:
        built = provider_request(call, target, head).built
        changes = tuple(change.text for change in built.changes)
    except PenstockError as error:
        problem = explained_rejection("provider", error)
    return ExplainedTarget(
        target.entry.name,
        target.model,
        target.plugin.dialect,
        not target.same_dialect,
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cost="" if cost is None else f"{cost / NANO:.9f}",
        changes=changes,
        problem=problem,
        **_in_progress(target),
    )


def _in_progress(target: Target) -> dict[str, Any]:
    """The calls at the provider of a target, if that has a limit of calls at once."""
    slots = target.slots
    if slots is None:
        return {}
    return {"calls": slots.in_use(), "max_calls": slots.limit, "waiting": slots.waiting}


def explained_shadow(rule: ShadowRule | None) -> str:
    """Returns what a share of the calls of a route is sent to as well."""
    if rule is None or not isinstance(rule.wanted, Target):
        return ""
    return f"{rule.percent:g} % to {rule.wanted.entry.name}/{rule.wanted.model}"


def explained_rollout_shadow(shadow: ShadowArm, left: Decimal | None) -> ExplainedRolloutShadow:
    """Returns the shadow of a rollout that has `left` of its budget; `None` if not known."""
    return ExplainedRolloutShadow(
        shadow.release,
        shadow.percent,
        f"{shadow.usd_per_day.normalize():f}",
        "" if left is None else f"{left:f}",
    )


def explained_limit(counted: CountedLimit, claim: Claim, space: int) -> ExplainedLimit:
    """Returns what a call would reserve of a limit that has `space` left."""
    limit, values = counted.limit, counted.values
    return ExplainedLimit(
        limit.entry.id,
        limit.entry.name,
        limit.measure.value,
        values,
        f"{limit.in_units(claim.amount):f}",
        f"{limit.in_units(max(0, space)):f}",
        claim.amount <= space,
    )


def explained_policies(plan: GuardPlan) -> tuple[ExplainedPolicy, ...]:
    """Returns the guardrail policies of a call."""
    return tuple(
        ExplainedPolicy(each.id, each.name, each.version, tuple(map(_check, each.checks)))
        for each in plan.policies
    )


def explained_findings(results: CheckResults) -> tuple[ExplainedFinding, ...]:
    """Returns what checks found in the request, or why they could not judge it."""
    return tuple(
        ExplainedFinding(
            each.policy, each.detector, each.place, each.action, each.count, each.failure
        )
        for each in results.records()
    )


def _check(check: Check) -> str:
    return f"{check.detector}:{','.join(check.places)}:{check.action}"
