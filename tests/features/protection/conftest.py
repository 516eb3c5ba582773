"""A use case whose environment `production` is protected, and what may enter it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from penstock.features.access import Principal, Role
from penstock.features.protection.model import (
    ApprovalSubject,
    Evidence,
    EvidenceResult,
    MissingProof,
)
from penstock.features.protection.service.approvals import ApprovalAction
from penstock.features.rollouts.comparing import ComparisonService
from penstock.features.rollouts.measures import RolloutMeasures
from penstock.features.use_cases.model import RiskTier
from penstock.infra.columns import ColumnStore
from penstock.infra.registry import Registry
from penstock.kernel.errors import PenstockError
from penstock.rules.rollouts.documents import Rollout, RolloutArm
from penstock.rules.rollouts.plan import Guard, GuardMetric, RolloutPlan, RolloutStep
from penstock.spi.rollout_rule import RolloutRule
from tests.features.releases.released import Released, open_released

PLAN = RolloutPlan(
    guards=(Guard(GuardMetric.ERRORS),),
    steps=(RolloutStep(10, hold_s=60), RolloutStep(50, hold_s=60)),
)


def closed() -> ColumnStore:
    raise PenstockError("The column store is not open.")


@dataclass
class Protected:
    """The services, with comparisons over no measures. `author` makes releases as an editor,
    `admin` may start them."""

    released: Released
    comparisons: ComparisonService
    author: Principal
    admin: Principal
    second: Principal  # another admin
    use_case: str = "support"

    @property
    def project(self) -> str:
        return self.released.project

    def release(self, model: str = "gpt-4o") -> str:
        return self.released.release(model).digest

    def evidence(
        self, digest: str, result: str = "passed", kind: str = "evals", **fields: Any
    ) -> Evidence:
        new = Evidence(self.project, digest, kind, EvidenceResult(result))
        return self.released.evidence.add(self.admin, replace(new, **fields))

    def missing(self, digest: str, actor: Principal | None = None) -> list[MissingProof]:
        place = (self.use_case, "production")
        return self.released.admission.missing(self.project, place, digest, actor or self.admin)

    def codes(self, digest: str, actor: Principal | None = None) -> list[str]:
        return [each.code for each in self.missing(digest, actor)]

    def approval(self, digest: str, action: str, actor: Principal) -> str:
        subject = ApprovalSubject(self.project, digest, self.use_case, "production")
        approvals = self.released.approvals
        return approvals.change(actor, subject, ApprovalAction(action), "because").state.value

    def at(self, *arms: RolloutArm, seen: int | None = None) -> Rollout:
        present = self.version() if seen is None else seen
        return Rollout(self.use_case, "production", present, arms)

    def version(self) -> int:
        found = self.released.rollouts.history(self.project, self.use_case, "production", None, 1)
        return found[0].rollout.version if found else 0

    def running(self) -> dict[str, int]:
        found = self.released.rollouts.history(self.project, self.use_case, "production", None, 1)
        return {each.release: each.weight for each in found[0].rollout.arms} if found else {}

    def start(self, digest: str, actor: Principal | None = None) -> Rollout:
        wanted = self.at(RolloutArm(digest))
        return self.released.rollouts.start(actor or self.admin, self.project, wanted).entry

    def undo(self) -> Rollout:
        return self.released.rollouts.undo(self.admin, self.project, self.at()).entry

    def stop(self) -> Rollout:
        return self.released.rollouts.stop(self.admin, self.project, self.at()).entry

    def canary(self, digest: str) -> None:
        wanted = self.at(RolloutArm(digest, 0, "candidate"))
        self.comparisons.begin_canary(self.admin, self.project, wanted, PLAN)

    def change(self, tier: str | None = None, **environment: object) -> None:
        """Changes the tier, or the rule of the environment `production`."""
        entry = self.released.use_cases.get(self.project, self.use_case).entry
        environments = tuple(
            msgspec.structs.replace(each, **environment) if each.name == "production" else each
            for each in entry.environments
        )
        risk = RiskTier(tier) if tier else entry.risk_tier
        changed = msgspec.structs.replace(entry, environments=environments, risk_tier=risk)
        self.released.use_cases.replace(self.admin, self.project, changed, of_version=None)

    def audited(self, start: str) -> list[str]:
        log = self.released.world.identity.audit_reader
        found = log.list_page(self.project, None, 100)
        return [each.action for each in reversed(found) if each.action.startswith(start)]


def open_protected(folder: Path, url: str = "") -> Protected:
    released = open_released(folder, url)
    context = released.world.identity.context
    rules: Registry[RolloutRule] = Registry("penstock.rollout_rules")
    measures = RolloutMeasures(closed)
    return Protected(
        released,
        ComparisonService(context, released.rollouts, measures, rules.get),
        released.editor,
        released.world.admin,
        Principal("user", "usr_4", "bob@example.org", {released.project: Role.ADMIN}),
    )


@pytest.fixture
def protected(home: Path) -> Protected:
    return open_protected(home)
