"""Values of comparisons: rollouts in which several releases answer calls under a plan."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from penstock.infra.stored_documents import StoredDocument
from penstock.kernel.errors import InvalidRequest
from penstock.rules.document import Document
from penstock.rules.rollouts.decision import RolloutDecision
from penstock.rules.rollouts.documents import Rollout, RolloutArm
from penstock.rules.rollouts.plan import RolloutPlan

MAX_ARMS: Final = 10
MAX_OVERRIDES: Final = 1000
MAX_PERIODS: Final = 200
MAX_ARM_NAME_CHARS: Final = 64
MAX_UNIT_CHARS: Final = 256
_WHOLE: Final = 10_000  # weights of arms are hundredths of a percent


class RunStatus(StrEnum):
    """The states of a comparison."""

    RUNNING = "running"
    PAUSED = "paused"  # weights stay, nothing is decided


class RunPeriod(Document, frozen=True):
    """A time in which weights did not change."""

    weights: dict[str, int]
    began_ms: int


class RolloutRun(Document, frozen=True):
    """A comparison. `version` is that of the rollout it belongs to: another change of the rollout
    ends it. `step` is the index in the plan's steps since `since_ms`, none without steps;
    `references` are the baseline's means before it began, by guard metric."""

    use_case: str
    environment: str
    version: int
    plan: RolloutPlan
    status: RunStatus = RunStatus.RUNNING
    step: int | None = None
    since_ms: int = 0
    periods: tuple[RunPeriod, ...] = ()
    references: dict[str, float] = {}  # noqa: RUF012 - msgspec copies it for each run
    note: str = ""

    @property
    def place(self) -> str:
        """The name of the rollout within its project."""
        return f"{self.use_case}/{self.environment}"


StoredRun = StoredDocument[RolloutRun]


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision that changed something, with its evidence as JSON."""

    project_id: str
    place: str
    decided_ms: int
    kind: str
    arm: str
    reason: str
    evidence: Mapping[str, object]


def evidence_of(decision: RolloutDecision) -> dict[str, Any]:
    """Returns the evidence of a decision as JSON."""
    metrics = [
        asdict(each) | {"candidate": each.candidate._asdict(), "baseline": each.baseline._asdict()}
        for each in decision.evidence
    ]
    return {"division": decision.division, "metrics": metrics}


def weights_of(percents: Mapping[str, float]) -> dict[str, int]:
    """Returns weights of arms. Raises `InvalidRequest` unless the percents sum to 100."""
    if not all(0 <= each <= 100 for each in percents.values()):
        raise _invalid("A share is 0 to 100 percent.", "arms")
    weights = {name: round(each * _WHOLE / 100) for name, each in percents.items()}
    if sum(weights.values()) != _WHOLE:
        total = sum(percents.values())
        raise _invalid(f"The shares of the arms sum to {total:g} percent.", "arms", "Make it 100.")
    return weights


def weighted(rollout: Rollout, weights: Mapping[str, int]) -> tuple[RolloutArm, ...]:
    """Returns the arms of a rollout with other weights."""
    return tuple(RolloutArm(each.release, weights[each.name], each.name) for each in rollout.arms)


def step_weights(rollout: Rollout, plan: RolloutPlan, step: int) -> dict[str, int]:
    """Returns the weights of a step of a plan, for the baseline and the only candidate."""
    percent = plan.steps[step].percent
    (candidate,) = (each.name for each in rollout.arms if each.name != rollout.baseline)
    return weights_of({rollout.baseline: 100 - percent, candidate: percent})


def check_arms(rollout: Rollout) -> None:
    """Raises `InvalidRequest` for arms that cannot be compared."""
    names = [each.name for each in rollout.arms]
    if not 2 <= len(names) <= MAX_ARMS:
        raise _invalid(f"A comparison has 2 to {MAX_ARMS} arms.", "arms")
    if len(set(names)) != len(names):
        raise _invalid("Two arms have the same name.", "arms", "Name them.")
    if any(not 0 < len(each) <= MAX_ARM_NAME_CHARS or not each.isprintable() for each in names):
        raise _invalid(f"The name of an arm has 1 to {MAX_ARM_NAME_CHARS} characters.", "arms")
    if rollout.baseline not in names:
        raise _invalid(f"The baseline {rollout.baseline[:63]!r} is not an arm.", "baseline")
    if len(rollout.overrides) > MAX_OVERRIDES:
        raise _invalid(f"A rollout has at most {MAX_OVERRIDES} overrides.", "overrides")
    for unit, arm in rollout.overrides.items():
        if arm not in names or not 0 < len(unit) <= MAX_UNIT_CHARS:
            raise _invalid(
                f"The override of {unit[:63]!r} names the arm {arm[:63]!r}, which does not exist, "
                f"or the unit is longer than {MAX_UNIT_CHARS} characters.",
                "overrides",
            )


def _invalid(message: str, param: str, hint: str = "") -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="rollout_invalid", param=param)
