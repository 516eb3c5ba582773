"""Values of evidence and approvals, and the rule of what a protected environment takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from penstock.features.releases.model import StoredRelease
from penstock.features.use_cases.model import RiskTier, UseCase, UseCaseEnvironment

MAX_EVIDENCE: Final = 10_000  # on one release
MAX_RUN_CHARS: Final = 1000  # of the id or address of a run
MAX_FIGURES: Final = 100  # of one piece of evidence
MAX_MESSAGE_CHARS: Final = 1000  # of the reason of an approval
MAX_APPROVALS: Final = 100_000  # of a project: one for each release and environment
APPROVED_TIERS: Final = frozenset({RiskTier.HIGH})  # an approval is needed
_SHOWN = 12  # characters of a hash in messages


class EvidenceResult(StrEnum):
    """The result of a test or an evaluation of a release."""

    PASSED = "passed"
    FAILED = "failed"
    UNMEASURABLE = "unmeasurable"  # it could not be found out: neither passed nor failed


@dataclass(frozen=True, slots=True)
class Evidence:
    """The result of a test or an evaluation of a release. `kind` is what was tested, such as
    `evals`; `run` the id or address of the run; `number` counts the evidence on one release.
    `expires_ms`: when it no longer counts as passed."""

    project_id: str
    digest: str
    kind: str
    result: EvidenceResult
    run: str = ""
    figures: Mapping[str, float] | None = None
    expires_ms: int | None = None
    author: str = ""
    created_ms: int = 0
    number: int = 0


class ApprovalState(StrEnum):
    """The states of an approval."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ApprovalSubject:
    """The thing that is approved: a release in an environment of a use case."""

    project_id: str
    digest: str
    use_case: str
    environment: str


@dataclass(frozen=True, slots=True)
class ReleaseApproval:
    """An approval, or the request for one. `actor` changed it last, for the reason `message`;
    `approver_ids` are the ids of all who may act as the one who approved."""

    subject: ApprovalSubject
    state: ApprovalState
    requester: str
    actor: str
    approver_ids: tuple[str, ...]
    message: str
    changed_ms: int


# Where an approval stands in their list: when it changed, use case, environment, release.
ApprovalPosition = tuple[int, str, str, str]


@dataclass(frozen=True, slots=True)
class MissingProof:
    """Something that an environment demands and a release does not have; `hint` says how to get
    it."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Proofs:
    """All that is known about a release in an environment: the newest passed or failed evidence of
    each kind, and the approval."""

    evidence: Sequence[Evidence] = ()
    approval: ReleaseApproval | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """An environment of a use case, which a release enters."""

    use_case: UseCase
    environment: UseCaseEnvironment


def needs_approval(use_case: UseCase) -> bool:
    """Returns whether releases of the use case need an approval in protected environments."""
    return use_case.risk_tier in APPROVED_TIERS


def missing_of(
    destination: Destination,
    release: StoredRelease,
    proofs: Proofs,
    now_ms: int,
    starter_ids: frozenset[str],
) -> list[MissingProof]:
    """Returns what a release lacks for a protected environment; nothing is missing in another one.

    The newest evidence of each kind counts: none may have failed, and the demanded kinds, or any
    one, must have passed and not have expired. An approval does not count for those who gave it:
    somebody else starts the release.
    """
    use_case, environment = destination.use_case, destination.environment
    if not environment.protected:
        return []
    short = release.digest[:_SHOWN]
    found = _missing_evidence(environment.evidence, short, proofs.evidence, now_ms)
    if needs_approval(use_case):
        found += _missing_approval(destination, release, proofs.approval, starter_ids)
    return found


def _missing_evidence(
    demanded: Sequence[str], release: str, evidence: Sequence[Evidence], now_ms: int
) -> list[MissingProof]:
    """`demanded`: kinds of evidence; none: any kind."""
    failed = [each.kind for each in evidence if each.result is EvidenceResult.FAILED]
    passed = {each.kind: each for each in evidence if each.result is EvidenceResult.PASSED}
    valid = {each.kind for each in passed.values() if _is_valid(each, now_ms)}
    lacking = [kind for kind in demanded if kind not in valid and kind not in failed]
    found = [_lack("failed", f"{kind!r} failed", release, kind) for kind in failed]
    if not demanded and not valid and not failed:
        lacking = sorted(passed) or [""]
    for kind in lacking:
        if kind in passed:
            found.append(_lack("expired", f"{kind!r} has expired", release, kind))
        else:
            of_kind = f" of the kind {kind!r}" if kind else ""
            found.append(_lack("missing", f"no passed evidence{of_kind}", release, kind))
    return found


def _is_valid(evidence: Evidence, now_ms: int) -> bool:
    return evidence.expires_ms is None or evidence.expires_ms > now_ms


def _lack(what: str, message: str, release: str, kind: str) -> MissingProof:
    add = f"penstock release evidence {release} --kind {kind or 'KIND'} --result passed"
    return MissingProof(f"evidence_{what}", message, f"After its test: {add}")


def _missing_approval(
    destination: Destination,
    release: StoredRelease,
    approval: ReleaseApproval | None,
    starter_ids: frozenset[str],
) -> list[MissingProof]:
    use_case, environment = destination.use_case.name, destination.environment.name
    where = f"{release.digest[:_SHOWN]} {use_case} --environment {environment}"
    if approval is None or approval.state in {ApprovalState.REJECTED, ApprovalState.WITHDRAWN}:
        line = "no approval" if approval is None else f"its approval was {approval.state.value}"
        ask = f"Ask for one: penstock release request-approval {where}"
        return [MissingProof("approval_missing", line, ask)]
    if approval.state is ApprovalState.REQUESTED:
        hint = f"Somebody who is not its author approves: penstock release approve {where}"
        return [MissingProof("approval_missing", "its approval is only requested", hint)]
    if starter_ids.intersection(approval.approver_ids):
        hint = "Let somebody else start it, such as its author."
        return [MissingProof("approver_starts", "you approved it yourself", hint)]
    return []


def is_author(release: StoredRelease, ids: frozenset[str], label: str) -> bool:
    """Returns whether one of these ids made the release. Releases that are older than the ids of
    authors have a label only."""
    if not release.author_ids:
        return release.author == label
    return not ids.isdisjoint(release.author_ids)
