"""Requests, gives, refuses and withdraws approvals of releases in environments."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.protection import store
from penstock.features.protection.model import (
    MAX_APPROVALS,
    ApprovalPosition,
    ApprovalState,
    ApprovalSubject,
    ReleaseApproval,
    is_author,
)
from penstock.features.protection.service.admission import LoadUseCase
from penstock.features.protection.service.evidence import LookUpRelease
from penstock.features.releases.model import StoredRelease
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound


class ApprovalAction(StrEnum):
    """The changes of an approval."""

    REQUEST = "request"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class _Step:
    """An action: the states in which it is possible (`None`: no approval yet) and the next one."""

    possible: frozenset[ApprovalState | None]
    state: ApprovalState


_OPEN: Final = frozenset[ApprovalState | None]({ApprovalState.REQUESTED})
_STEPS: Final = {
    ApprovalAction.REQUEST: _Step(
        frozenset({None, ApprovalState.REJECTED, ApprovalState.WITHDRAWN}), ApprovalState.REQUESTED
    ),
    ApprovalAction.APPROVE: _Step(_OPEN, ApprovalState.APPROVED),
    ApprovalAction.REJECT: _Step(_OPEN, ApprovalState.REJECTED),
    ApprovalAction.WITHDRAW: _Step(
        frozenset({ApprovalState.REQUESTED, ApprovalState.APPROVED}), ApprovalState.WITHDRAWN
    ),
}


class ApprovalService:
    """Use cases of approvals."""

    def __init__(self, context: Context, use_case: LoadUseCase, release: LookUpRelease) -> None:
        self._context = context
        self._use_case = use_case
        self._release = release

    def change(
        self, actor: Principal, subject: ApprovalSubject, action: ApprovalAction, message: str
    ) -> ReleaseApproval:
        """Changes an approval; `subject.digest` may be the beginning of a hash. Raises `NotFound`,
        `Conflict` if it is in another state, and `Forbidden` if an author of the release approves
        it."""
        release = self._release(subject.project_id, subject.digest)
        subject = replace(subject, digest=release.digest)
        if action is ApprovalAction.APPROVE:
            _require_another(release, actor)
        step = _STEPS[action]
        with self._context.database.write() as tx:
            use_case = self._use_case(
                tx.connection, subject.project_id, subject.use_case, lock=True
            ).entry
            if use_case.environment(subject.environment) is None:
                raise NotFound(
                    f"The use case {use_case.name!r} has no environment "
                    f"{subject.environment[:63]!r}."
                )
            before = store.find_approval(tx.connection, subject)
            present = before.state if before else None
            if present not in step.possible:
                raise _not_now(action, present)
            if before is None and (
                store.count_approvals(tx.connection, subject.project_id) >= MAX_APPROVALS
            ):
                raise InvalidRequest(f"A project has at most {MAX_APPROVALS:,} approvals.")
            approves = step.state is ApprovalState.APPROVED
            after = ReleaseApproval(
                subject,
                step.state,
                before.requester
                if before and step.state is not ApprovalState.REQUESTED
                else actor.label,
                actor.label,
                tuple(sorted(actor.ids)) if approves else (),
                message,
                self._context.now_ms(),
            )
            store.save_approval(tx.connection, after)
            self._context.audit_log.append(
                tx,
                actor,
                subject.project_id,
                f"approval.{action.value}",
                f"{subject.digest} {subject.use_case}/{subject.environment}",
                before={"state": present.value} if present else None,
                after={"state": step.state.value, "message": message},
            )
        return after

    def find(self, subject: ApprovalSubject) -> ReleaseApproval | None:
        """Returns the approval of a release in an environment, if there is one."""
        digest = self._release(subject.project_id, subject.digest).digest
        with self._context.database.read() as connection:
            return store.find_approval(connection, replace(subject, digest=digest))

    def list(
        self,
        project_id: str,
        state: ApprovalState | None,
        after: ApprovalPosition | None,
        limit: int,
    ) -> Sequence[ReleaseApproval]:
        """Returns approvals of a project, the last changed first, after a position."""
        with self._context.database.read() as connection:
            return store.list_approvals(connection, project_id, state, after, limit)


def _require_another(release: StoredRelease, actor: Principal) -> None:
    if is_author(release, actor.ids, actor.label):
        raise Forbidden(
            "An author does not approve an own release.",
            hint="Ask another member. A key stands for those who had its secret.",
            code="approver_is_author",
        )


def _not_now(action: ApprovalAction, present: ApprovalState | None) -> Conflict:
    state = f"is {present.value}" if present else "was never requested"
    hint = (
        "Request one first: penstock release request-approval"
        if action is not ApprovalAction.REQUEST
        else "Withdraw it first: penstock release withdraw-approval"
    )
    return Conflict(
        f"The approval {state}: {action.value} is not possible.",
        hint=hint,
        code="approval_state",
    )
