"""All kinds of sections. A new kind is one more line in `KINDS`."""

from typing import Any, Final

from penstock.rules.snapshot.access import ACCESS
from penstock.rules.snapshot.facts import MODEL_FACTS
from penstock.rules.snapshot.guardrails import GUARDRAILS
from penstock.rules.snapshot.limits import LIMITS
from penstock.rules.snapshot.prices import OWN_PRICES, VENDOR_PRICE_LISTS
from penstock.rules.snapshot.providers import PROVIDERS
from penstock.rules.snapshot.revoked_tokens import REVOKED_TOKENS
from penstock.rules.snapshot.rollouts import RELEASES, ROLLOUTS
from penstock.rules.snapshot.routes import ROUTES
from penstock.rules.snapshot.section import SectionKind

KINDS: Final[tuple[SectionKind[Any, Any], ...]] = (
    ACCESS,
    PROVIDERS,
    OWN_PRICES,
    VENDOR_PRICE_LISTS,
    MODEL_FACTS,
    ROUTES,
    LIMITS,
    GUARDRAILS,
    ROLLOUTS,
    RELEASES,
    REVOKED_TOKENS,
)
_SHARED: Final = {kind.label: kind for kind in KINDS if kind.shared}
_OF_PROJECTS: Final = {kind.label: kind for kind in KINDS if not kind.shared}


def find_kind(name: str) -> SectionKind[Any, Any] | None:
    """Returns the kind of a section; `None` for a kind that only newer versions have."""
    head, _, rest = name.partition("/")
    return _SHARED.get(head) or _OF_PROJECTS.get(rest.partition("/")[0])


def read_section(name: str, raw: bytes) -> object | None:
    """Decodes and builds a section; `None` for an unknown kind. Raises `msgspec.DecodeError`."""
    kind = find_kind(name)
    return None if kind is None else kind.read(raw)
