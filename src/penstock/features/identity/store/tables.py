"""The tables of identity. The migrations create them; a test compares both."""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
)

METADATA: Final = MetaData()

PROJECTS: Final = Table(
    "projects",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("on_spool_full", Text, nullable=False),
    Column("capture_content", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

USERS: Final = Table(
    "users",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("instance_admin", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

MEMBERS: Final = Table(
    "members",
    METADATA,
    Column("project_id", Text, ForeignKey("projects.id"), primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("role", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index("members_by_user", "user_id"),
)

INVITATIONS: Final = Table(
    "invitations",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("inviter_kind", Text, nullable=False),
    Column("inviter_id", Text, nullable=False),
    Column("inviter_label", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("redeemed_ms", BigInteger),
    Column("redeemed_by", Text, ForeignKey("users.id")),
    Column("taken_count", Integer, nullable=False),
    Index("invitations_by_project", "project_id", "id"),
)

API_KEYS: Final = Table(
    "api_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("instance_admin", Boolean, nullable=False),
    Column("allowed_models", JSON, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("tags", JSON, nullable=False, server_default="{}"),
    Column("scopes", JSON, nullable=False, server_default="[]"),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    Column("priority", Text, nullable=False, server_default="normal"),
    Column("strict_hints", Boolean, nullable=False, server_default=false()),
    Column("issuers", JSON, nullable=False, server_default="[]"),
    Index("api_keys_by_project", "project_id", "id"),
)

# A key has one secret, and a second one during the overlap of a rotation.
KEY_SECRETS: Final = Table(
    "key_secrets",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("key_id", Text, ForeignKey("api_keys.id"), nullable=False),
    Column("prefix", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger),
    Index("key_secrets_by_key", "key_id"),
)

# Until they would have expired.
REVOKED_CLIENT_TOKENS: Final = Table(
    "revoked_client_tokens",
    METADATA,
    Column("project_id", Text, ForeignKey("projects.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("revoked_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Index("sessions_by_user", "user_id"),
)

AUDIT_EVENTS: Final = Table(
    "audit_events",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("at", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_label", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("seal", Text, nullable=False),
    Index("audit_events_by_subject", "project_id", "subject", "sequence"),
)

# The head of each project's chain; locked while an event is appended.
AUDIT_HEADS: Final = Table(
    "audit_heads",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)
