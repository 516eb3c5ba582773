"""Adds evidence to releases, and finds it. Evidence is never changed or removed."""

import re
from dataclasses import replace
from typing import Final, Protocol

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.protection import store
from penstock.features.protection.model import MAX_EVIDENCE, Evidence, EvidenceResult
from penstock.features.releases.model import StoredRelease
from penstock.features.use_cases.model import EVIDENCE_KIND
from penstock.kernel.errors import InvalidRequest

_SHOWN: Final = re.compile(r"[\x20-\x7e]*")  # an id or an address


class LookUpRelease(Protocol):
    """Finds a release by its hash or the beginning of it. Raises `NotFound`, `InvalidRequest`."""

    def __call__(self, project_id: str, wanted: str) -> StoredRelease: ...


class EvidenceService:
    """Use cases of evidence."""

    def __init__(self, context: Context, release: LookUpRelease) -> None:
        self._context = context
        self._release = release

    def add(self, actor: Principal, evidence: Evidence) -> Evidence:
        """Adds evidence to the release that `evidence.digest` names or begins. Raises `NotFound`,
        and `InvalidRequest` for evidence that is not valid."""
        now_ms = self._context.now_ms()
        _check(evidence, now_ms)
        project_id = evidence.project_id
        digest = self._release(project_id, evidence.digest).digest
        with self._context.database.write() as tx:
            last = store.last_number(tx.connection, project_id, digest)
            if last >= MAX_EVIDENCE:
                raise InvalidRequest(
                    f"A release has at most {MAX_EVIDENCE:,} pieces of evidence.",
                    hint="Make a new release with another seed or parameter.",
                    code="evidence_invalid",
                )
            added = replace(
                evidence, digest=digest, number=last + 1, author=actor.label, created_ms=now_ms
            )
            store.add_evidence(tx.connection, added)
            after = {
                "number": added.number,
                "kind": added.kind,
                "result": added.result.value,
                "run": added.run,
                "figures": dict(added.figures or {}),
                "expires_ms": added.expires_ms,
            }
            self._context.audit_log.append(
                tx, actor, project_id, "release.evidence", digest, after=after
            )
        return added

    def list(self, project_id: str, wanted: str, before: int | None, limit: int) -> list[Evidence]:
        """Returns the evidence on a release, newest first. Raises `NotFound`."""
        digest = self._release(project_id, wanted).digest
        with self._context.database.read() as connection:
            return store.list_evidence(connection, project_id, digest, before, limit)


def _check(evidence: Evidence, now_ms: int) -> None:
    if not EVIDENCE_KIND.fullmatch(evidence.kind):
        raise _invalid(
            f"{evidence.kind[:63]!r} is not a valid kind.",
            "kind",
            "Use up to 63 lower-case letters, digits, and . _ -",
        )
    if not _SHOWN.fullmatch(evidence.run):
        raise _invalid("The run is an id or an address in ASCII.", "run")
    if evidence.expires_ms is None:
        return
    if evidence.result is not EvidenceResult.PASSED:
        raise _invalid("Only passed evidence expires.", "expires_at")
    if evidence.expires_ms <= now_ms:
        raise _invalid("The evidence has expired already.", "expires_at")


def _invalid(message: str, param: str, hint: str = "") -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="evidence_invalid", param=param)
