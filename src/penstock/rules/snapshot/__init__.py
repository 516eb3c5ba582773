"""The snapshot: the configuration of gateways, compiled by the server.

A tree: a root lists sections by content hash; gateways fetch only the changed ones. Each kind of
section has its own module; `kinds.KINDS` lists them.
"""

from penstock.rules.document import Document
from penstock.rules.snapshot.access import (
    ACCESS,
    AccessIndex,
    KeyContext,
    KeyEntry,
    ProjectPolicy,
    ProjectSection,
    access_documents,
    key_attributes,
)
from penstock.rules.snapshot.facts import MODEL_FACTS
from penstock.rules.snapshot.guardrails import GUARDRAILS
from penstock.rules.snapshot.kinds import KINDS, read_section
from penstock.rules.snapshot.limits import LIMITS
from penstock.rules.snapshot.prices import OWN_PRICES, VENDOR_PRICE_LISTS
from penstock.rules.snapshot.providers import (
    OWN_CREDENTIAL,
    PROVIDERS,
    CredentialEntry,
    ProviderEntry,
    ProvidersSection,
)
from penstock.rules.snapshot.rollouts import (
    RELEASES,
    ROLLOUTS,
    RolloutIndex,
    RolloutsSection,
)
from penstock.rules.snapshot.routes import (
    ROUTES,
    HealthCheck,
    RouteEntry,
    RouteShadow,
    RoutesSection,
    RouteTarget,
    TargetCondition,
)
from penstock.rules.snapshot.section import SecretUse, SectionKind, SectionSource, plain_section
from penstock.rules.snapshot.tree import SEALED_PURPOSE, SNAPSHOT_SCHEMA, Root, Sealed

__all__ = [
    "ACCESS",
    "GUARDRAILS",
    "KINDS",
    "LIMITS",
    "MODEL_FACTS",
    "OWN_CREDENTIAL",
    "OWN_PRICES",
    "PROVIDERS",
    "RELEASES",
    "ROLLOUTS",
    "ROUTES",
    "SEALED_PURPOSE",
    "SNAPSHOT_SCHEMA",
    "VENDOR_PRICE_LISTS",
    "AccessIndex",
    "CredentialEntry",
    "Document",
    "HealthCheck",
    "KeyContext",
    "KeyEntry",
    "ProjectPolicy",
    "ProjectSection",
    "ProviderEntry",
    "ProvidersSection",
    "RolloutIndex",
    "RolloutsSection",
    "Root",
    "RouteEntry",
    "RouteShadow",
    "RouteTarget",
    "RoutesSection",
    "Sealed",
    "SecretUse",
    "SectionKind",
    "SectionSource",
    "TargetCondition",
    "access_documents",
    "key_attributes",
    "plain_section",
    "read_section",
]
