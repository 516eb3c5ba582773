"""Use cases of guardrail policies."""

from msgspec import to_builtins
from msgspec.structs import replace
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.guardrails.model import Detectors, StoredPolicy, check_policy
from penstock.features.guardrails.store import POLICIES
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.document import Document
from penstock.rules.guards.policies import MAX_POLICIES, GuardrailPolicy, GuardrailsSection
from penstock.rules.snapshot.guardrails import GUARDRAILS


class GuardrailService:
    """Adds, replaces and removes guardrail policies."""

    def __init__(self, context: Context, detectors: Detectors) -> None:
        self._context = context
        self._detectors = detectors

    def detectors(self) -> tuple[str, ...]:
        """Returns the names of the installed detectors."""
        return self._detectors.names()

    def list_all(self, project_id: str) -> list[StoredPolicy]:
        """Returns the policies of a project by name."""
        with self._context.database.read() as connection:
            return POLICIES.list(connection, project_id)

    def get(self, project_id: str, policy_id: str) -> StoredPolicy:
        """Returns a policy. Raises `NotFound`."""
        with self._context.database.read() as connection:
            return _get(connection, project_id, policy_id)

    def add(self, actor: Principal, project_id: str, new: GuardrailPolicy) -> StoredPolicy:
        """Adds a policy as version 1; gives it an id. Raises `InvalidRequest`, `Conflict`."""
        check_policy(new, self._detectors)
        entry = replace(new, id=self._context.new_id("grd"), version=1)
        policy = StoredPolicy(project_id, entry, self._context.now_ms())
        with self._context.database.write() as tx:
            _require_free_name(tx.connection, project_id, entry)
            if POLICIES.count(tx.connection, project_id) >= MAX_POLICIES:
                raise InvalidRequest(f"A project has at most {MAX_POLICIES} policies.")
            POLICIES.add(tx.connection, policy)
            self._context.audit_log.append(
                tx, actor, project_id, "guardrail.add", entry.id, after=_audit_fields(policy)
            )
        return policy

    def replace(
        self,
        actor: Principal,
        project_id: str,
        wanted: GuardrailPolicy,
        *,
        of_version: int | None,
    ) -> StoredPolicy:
        """Replaces a policy by its next version. With `of_version`, only if that is the present
        one. Raises `NotFound`, `InvalidRequest`, and `Conflict` if somebody else was faster."""
        check_policy(wanted, self._detectors)
        with self._context.database.write() as tx:
            before = _get(tx.connection, project_id, wanted.id)
            present = before.entry.version
            if of_version not in (None, present):
                raise Conflict(
                    f"The policy {before.entry.name!r} has version {present} now, "
                    f"not {of_version}.",
                    hint="Load it again, then repeat your change.",
                    code="guardrail_changed",
                )
            _require_free_name(tx.connection, project_id, wanted)
            entry = replace(wanted, version=present + 1)
            after = StoredPolicy(project_id, entry, self._context.now_ms())
            POLICIES.save(tx.connection, after)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "guardrail.replace",
                entry.id,
                before=_audit_fields(before),
                after=_audit_fields(after),
            )
        return after

    def remove(self, actor: Principal, project_id: str, policy_id: str) -> None:
        """Removes a policy. Calls are not checked by it from then on. Raises `NotFound`."""
        with self._context.database.write() as tx:
            before = _get(tx.connection, project_id, policy_id)
            POLICIES.remove(tx.connection, project_id, policy_id)
            self._context.audit_log.append(
                tx, actor, project_id, "guardrail.remove", policy_id, before=_audit_fields(before)
            )

    def documents(self) -> dict[str, Document]:
        """Returns the snapshot sections by name; none for a project without policies."""
        with self._context.database.read() as connection:
            found = POLICIES.of_all_projects(connection)
        return {
            GUARDRAILS.name(project_id): GuardrailsSection(project_id, policies)
            for project_id, policies in found.items()
        }

    def secrets(self) -> dict[str, str]:
        """Policies need none."""
        return {}


def _get(connection: Connection, project_id: str, policy_id: str) -> StoredPolicy:
    if policy := POLICIES.find(connection, project_id, policy_id):
        return policy
    raise NotFound(
        f"This project has no guardrail policy {policy_id!r}.",
        hint="List them: penstock guardrail list",
    )


def _require_free_name(connection: Connection, project_id: str, entry: GuardrailPolicy) -> None:
    other = POLICIES.find(connection, project_id, entry.name, by="name")
    if other is not None and other.entry.id != entry.id:
        raise Conflict(
            f"This project has a guardrail policy {entry.name!r} already.",
            hint="Replace that one, or choose another name.",
            param="name",
        )


def _audit_fields(policy: StoredPolicy) -> dict[str, object]:
    fields: dict[str, object] = to_builtins(policy.entry)
    return fields
