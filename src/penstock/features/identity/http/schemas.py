"""Request and response bodies of identity. Times are RFC 3339; no body contains a digest."""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from penstock.features.identity.audit_reader import ChainReport
from penstock.features.identity.model import ApiKey, Attributes, Member, Principal, Project, Role
from penstock.infra.web.moments import Moment, moment_of, unix_ms
from penstock.infra.web.schemas import RequestBody

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("should be an e-mail address")
    return text.lower()


Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
Label = Annotated[str, Field(max_length=200)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=200)]
GivenRole = Literal["viewer", "editor", "admin"]


class SignInRequest(RequestBody):
    email: Email
    password: Password


class PasswordChangeRequest(RequestBody):
    current: Password
    new: Password


class SessionView(BaseModel):
    """The principal of a request. `project_id` is set if it has exactly one project. `csrf_token`
    (sessions only) must be sent in the header `x-csrf-token` of every mutation."""

    kind: str
    id: str
    label: str
    roles: dict[str, Role]
    project_id: str | None
    instance_admin: bool
    csrf_token: str | None

    @classmethod
    def of(cls, principal: Principal, csrf_token: str | None) -> "SessionView":
        return cls(
            kind=principal.kind,
            id=principal.id,
            label=principal.label,
            roles=dict(principal.roles),
            project_id=next(iter(principal.roles)) if len(principal.roles) == 1 else None,
            instance_admin=principal.instance_admin,
            csrf_token=csrf_token,
        )


class ProjectRequest(RequestBody):
    name: Name


class ProjectChangeRequest(RequestBody):
    name: Name | None = None
    on_spool_full: Literal["refuse", "serve"] | None = None
    capture_content: bool | None = None


class ProjectView(BaseModel):
    id: str
    name: str
    on_spool_full: str
    capture_content: bool
    created_at: datetime

    @classmethod
    def of(cls, project: Project) -> "ProjectView":
        return cls(
            id=project.id,
            name=project.name,
            on_spool_full=project.policy.on_spool_full,
            capture_content=project.policy.capture_content,
            created_at=moment_of(project.created_ms),
        )


class RoleChangeRequest(RequestBody):
    role: Role


class MemberView(BaseModel):
    user_id: str
    email: str
    role: Role
    created_at: datetime

    @classmethod
    def of(cls, member: Member) -> "MemberView":
        return cls(
            user_id=member.user_id,
            email=member.email,
            role=member.role,
            created_at=moment_of(member.created_ms),
        )


class IssuedPasswordView(BaseModel):
    """A new password, which is returned only once."""

    password: str


class KeyAttributes(RequestBody):
    """Attributes that the key sets on each of its calls; they override the call's headers."""

    team: Label = ""
    user: Label = ""
    use_case: Label = ""
    environment: Label = ""
    segment: Label = ""

    def value(self) -> Attributes:
        return Attributes(**self.model_dump())


class KeyRequest(RequestBody):
    """A new key. Without `role` it may only call models; with one it may also use the REST API like
    a member of that role. Without `allowed_models` it may call all models; patterns such as
    `provider/*` are allowed."""

    name: Name
    role: GivenRole | None = None
    allowed_models: Annotated[list[Label], Field(max_length=200, default_factory=list[str])]
    attributes: KeyAttributes = KeyAttributes()
    expires_at: Moment | None = None

    def expires_ms(self) -> int | None:
        return unix_ms(self.expires_at) if self.expires_at else None


class KeyRotationRequest(RequestBody):
    """`overlap_s`: how long the old secret stays valid in seconds; 0 ends it immediately."""

    overlap_s: Annotated[int, Field(ge=0, le=30 * 24 * 3600)] = 24 * 3600


class KeyView(BaseModel):
    """A key. `role` is null if it may only call models. `prefix` identifies the key for users; the
    secret itself is not stored."""

    id: str
    name: str
    prefix: str
    role: Role | None
    allowed_models: list[str]
    attributes: KeyAttributes
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> "KeyView":
        return cls(
            id=key.id,
            name=key.name,
            prefix=key.prefix,
            role=key.role,
            allowed_models=list(key.allowed_models),
            attributes=KeyAttributes(**asdict(key.attributes)),
            created_at=moment_of(key.created_ms),
            expires_at=moment_of(key.expires_ms) if key.expires_ms is not None else None,
            revoked_at=moment_of(key.revoked_ms) if key.revoked_ms is not None else None,
        )


class IssuedKeyView(BaseModel):
    """A key with its new secret, which is returned only once."""

    key: KeyView
    secret: str


class AuditEventView(BaseModel):
    """One audit event; see `penstock.features.identity.audit_log`."""

    project_id: str
    sequence: int
    id: str
    at: str
    actor_kind: str
    actor_id: str
    actor_label: str
    action: str
    subject: str
    before: dict[str, object] | None
    after: dict[str, object] | None
    previous: str
    hash: str
    seal: str


class ChainFaultView(BaseModel):
    """The first event that differs from what was written; `event_id` is empty if it is missing."""

    sequence: int
    event_id: str
    reason: str


class ChainView(BaseModel):
    """The result of verifying one chain. Keep a copy of `head` elsewhere to detect a rollback."""

    project_id: str
    ok: bool
    event_count: int
    head: str
    breach: ChainFaultView | None

    @classmethod
    def of(cls, report: ChainReport) -> "ChainView":
        return cls(
            project_id=report.project_id,
            ok=report.breach is None,
            event_count=report.event_count,
            head=report.head,
            breach=ChainFaultView(**asdict(report.breach)) if report.breach else None,
        )


class AuditReport(BaseModel):
    """The result of verifying all requested chains."""

    ok: bool
    chains: list[ChainView]
