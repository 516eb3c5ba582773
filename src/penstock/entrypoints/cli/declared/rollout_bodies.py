"""What a file says about a rollout, in the form in which both sides are compared.

`full`: a release answers all calls. `canary`: a plan with steps leads to it. `arms`: several
releases are compared by shares.
"""

from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Field

from penstock.entrypoints.cli.declared.model import Content
from penstock.features.rollouts.bodies import (
    ArmName,
    ComparedArmBody,
    PlanBody,
    ReleaseHash,
    ShadowBody,
)
from penstock.features.rollouts.runs import MAX_ARMS, MAX_OVERRIDES, check_arms, weights_of
from penstock.features.use_cases.model import MAX_WORD_CHARS
from penstock.infra.web.schemas import RequestBody
from penstock.kernel.errors import InvalidRequest
from penstock.rules.rollouts.documents import Rollout, RolloutArm, StickyUnit
from penstock.rules.rollouts.plan import BetterScore, check_plan

_NAME_CHARS: Final = 12  # of a hash, as the name of an arm
_Word = Annotated[str, Field(max_length=MAX_WORD_CHARS)]
_OF_COMPARISONS: Final = ("name", "baseline", "sticky", "overrides")


class DeclaredRollout(RequestBody):
    """The releases that answer the calls of a use case: `release`, at once or by the steps of
    `plan`; or `arms`, which are compared until somebody or the rule of `plan` decides."""

    use_case: _Word
    environment: _Word = "production"
    release: ReleaseHash = ""
    name: ArmName = ""
    arms: Annotated[
        list[ComparedArmBody], Field(max_length=MAX_ARMS, default_factory=list[ComparedArmBody])
    ]
    baseline: ArmName = ""
    plan: PlanBody | None = None
    sticky: StickyUnit = StickyUnit.REQUEST
    overrides: Annotated[
        dict[str, ArmName], Field(max_length=MAX_OVERRIDES, default_factory=dict[str, str])
    ]
    shadow: ShadowBody | None = None


def check_form(body: DeclaredRollout) -> None:
    """Raises `InvalidRequest` for a rollout that is neither of the three forms."""
    if bool(body.release) == bool(body.arms):
        raise _invalid("A rollout has either `release` or `arms`.", "release")
    if body.arms:
        if body.name or (body.plan and body.plan.steps):
            raise _invalid(
                "`arms` have shares and no steps.", "plan", "For steps, name one `release`."
            )
        return
    if body.baseline:
        raise _invalid("The baseline of a `release` is what answers before it.", "baseline")
    if body.plan is None and (given := body.model_fields_set.intersection(_OF_COMPARISONS)):
        raise _invalid("Without `plan` a release answers all calls.", min(given), "Leave it out.")
    if body.plan is not None and not body.plan.steps:
        raise _invalid("The plan of a release needs `steps`.", "plan", "Or leave the plan out.")


def declared_content(body: DeclaredRollout, digests: dict[str, str]) -> dict[str, Any]:
    """Returns the content of a rollout. `digests`: the full hashes of its releases, as written.
    Raises `InvalidRequest` if it cannot be."""
    shadow = body.shadow and shadow_content(body.shadow, digests[body.shadow.release])
    plan = body.plan or PlanBody()
    _check_plan(plan)
    if body.arms:
        content = _arms(body, digests) | {"plan": plan_content(plan)}
    elif body.plan is None:
        content: dict[str, Any] = {"release": digests[body.release]}
    else:
        digest = digests[body.release]
        name = body.name or digest[:_NAME_CHARS]
        content = {"release": digest, "name": name, "plan": plan_content(plan)}
    if "plan" in content:
        content |= {"sticky": body.sticky.value, "overrides": dict(body.overrides)}
    if shadow and shadow["release"] in releases_of(content):
        raise _invalid("The shadow is a release that answers itself.", "shadow")
    return content | {"shadow": shadow}


def existing_content(view: Content, run: Content | None) -> dict[str, Any]:
    """Returns the content of a rollout of the server. `run`: its comparison, if there is one."""
    shadow = view["shadow"] and shadow_content(ShadowBody.model_validate(view["shadow"]))
    arms: list[dict[str, Any]] = view["arms"]
    if len(arms) == 1:
        return {"release": arms[0]["release"], "shadow": shadow}
    plan = PlanBody.model_validate(run["plan"] if run else {})
    rest = {"plan": plan_content(plan), "sticky": view["sticky"], "overrides": view["overrides"]}
    if plan.steps and len(arms) == 2:
        (arm,) = (each for each in arms if each["name"] != view["baseline"])
        content = {"release": arm["release"], "name": arm["name"]}
    else:
        content = _shares(arms, view["baseline"])
    return content | rest | {"shadow": shadow}


def written_content(content: Content) -> dict[str, Any]:
    """Returns the fields of a file; defaults are left out."""
    fields = {name: value for name, value in content.items() if value not in ({}, None)}
    if "plan" in fields:
        plan = PlanBody.model_validate(fields.pop("plan"))
        written = plan.model_dump(mode="json", exclude_defaults=True)
        fields |= {"plan": written} if written else {}
    if fields.get("sticky") == StickyUnit.REQUEST.value:
        del fields["sticky"]
    return fields


def releases_of(content: Content) -> set[str]:
    """Returns the releases that a rollout declares."""
    return {each["release"] for each in content.get("arms", (content,))}


def plan_content(plan: PlanBody) -> dict[str, Any]:
    """Returns a plan as plain values. Of scores more is better, unless it says otherwise: a file
    means the same in each installation."""
    content = plan.model_dump(mode="json")
    for guard in content["guards"]:
        if guard["score"]:
            guard["better"] = guard["better"] or BetterScore.HIGHER.value
    return content


def shadow_content(shadow: ShadowBody, digest: str = "") -> dict[str, Any]:
    """Returns a shadow as plain values."""
    usd = f"{Decimal(shadow.usd_per_day).normalize():f}"
    values = shadow.model_dump(mode="json") | {"usd_per_day": usd}
    return values | ({"release": digest} if digest else {})


def _arms(body: DeclaredRollout, digests: dict[str, str]) -> dict[str, Any]:
    weights = weights_of({str(at): each.percent for at, each in enumerate(body.arms)})
    arms = tuple(
        RolloutArm(
            digests[each.release],
            weights[str(at)],
            each.name or digests[each.release][:_NAME_CHARS],
        )
        for at, each in enumerate(body.arms)
    )
    place = (body.use_case, body.environment, 0)
    check_arms(Rollout(*place, arms, body.sticky, body.baseline, dict(body.overrides)))
    found = [{"release": each.release, "weight": each.weight, "name": each.name} for each in arms]
    return _shares(found, body.baseline)


def _shares(arms: list[dict[str, Any]], baseline: str) -> dict[str, Any]:
    total = sum(each["weight"] for each in arms) or 1
    shares = [
        {
            "release": each["release"],
            "percent": round(each["weight"] * 100 / total, 2),
            "name": each["name"],
        }
        for each in arms
    ]
    return {"arms": shares, "baseline": baseline}


def _check_plan(plan: PlanBody) -> None:
    try:
        check_plan(plan.plan())
    except ValueError as error:
        raise _invalid(f"The plan is not valid: {error}.", "plan") from None


def _invalid(message: str, param: str, hint: str = "") -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="rollout_invalid", param=param)
