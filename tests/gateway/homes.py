"""Writes a gateway's home with a snapshot, so that a worker serves without a server."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from penstock.gateway.snapshot.files import SnapshotFiles, StoredSnapshot
from penstock.infra.crypto import Sealer, derive_key, ensure_secret_file, keyed_digest
from penstock.kernel.digests import canonical_json
from penstock.rules.document import Document
from penstock.rules.guards.policies import GuardrailPolicy, GuardrailsSection
from penstock.rules.limits.documents import LimitEntry, LimitsSection
from penstock.rules.models.facts import VendorFacts
from penstock.rules.prices.price import OverridesSection, PriceOverride, UnitPrice, VendorPrices
from penstock.rules.snapshot.access import KeyEntry, ProjectPolicy, ProjectSection
from penstock.rules.snapshot.providers import ProviderEntry, ProvidersSection
from penstock.rules.snapshot.routes import RouteEntry, RoutesSection
from penstock.rules.snapshot.tree import SEALED_PURPOSE, Root, Sealed

PROJECT = "prj_test"
KEY = "pk_test_a_key_for_tests"
OTHER_PROJECT = "prj_other"
OTHER_KEY = "pk_test_of_another_project"
LIMITED_KEY = "pk_test_only_small"
EXPIRED_KEY = "pk_test_expired"
STRICT_KEY = "pk_test_with_strict_hints"
OTHER_USE_CASE_KEY = "pk_test_of_a_use_case"
SECRET = "sk-provider-secret-canary"


def provider(base_url: str, name: str = "up", **changes: object) -> ProviderEntry:
    """An OpenAI-compatible provider on this machine that lists `small` and `large`."""
    fields: dict[str, object] = {
        "name": name,
        "kind": "openai-compatible",
        "base_url": base_url,
        "models": ("small", "large"),
        "secret_id": "sec_up",
        "private_allowed": True,
    }
    return ProviderEntry(**(fields | changes))  # pyright: ignore[reportArgumentType] - fields of a test's choice


def make_home(
    home: Path,
    providers: Sequence[ProviderEntry],
    *,
    policy: ProjectPolicy | None = None,
    prices: Sequence[PriceOverride] = (),
    price_lists: Sequence[VendorPrices] = (),
    facts: Sequence[VendorFacts] = (),
    secrets_by_id: Mapping[str, str] | None = None,
    routes: Sequence[RouteEntry] = (),
    limits: Sequence[LimitEntry] = (),
    guardrails: Sequence[GuardrailPolicy] = (),
    others: Mapping[str, Document] | None = None,
) -> Path:
    """Writes token and snapshot. A million tokens of `up/small` cost 1 USD (input), 2 (output)."""
    home.mkdir(parents=True, exist_ok=True)
    token = ensure_secret_file(home / "gateway.token")
    pepper = secrets.token_bytes(32)
    sections = [
        (f"{PROJECT}/access", ProjectSection(PROJECT, _keys(pepper), policy or ProjectPolicy())),
        (f"{PROJECT}/providers", ProvidersSection(PROJECT, tuple(providers))),
        (f"{OTHER_PROJECT}/access", ProjectSection(OTHER_PROJECT, (_key(pepper),))),
        (f"{OTHER_PROJECT}/providers", ProvidersSection(OTHER_PROJECT, tuple(providers))),
        (f"{PROJECT}/routes", RoutesSection(PROJECT, tuple(routes))),
        (f"{PROJECT}/prices", OverridesSection(PROJECT, tuple(prices) or (_price(),))),
        *([(f"{PROJECT}/limits", LimitsSection(PROJECT, tuple(limits)))] if limits else []),
        *(
            [(f"{PROJECT}/guardrails", GuardrailsSection(PROJECT, tuple(guardrails)))]
            if guardrails
            else []
        ),
        *((f"prices/{listed.vendor}", listed) for listed in price_lists),
        *((f"facts/{known.vendor}", known) for known in facts),
        *(others or {}).items(),
    ]
    raw = {name: canonical_json(section) for name, section in sections}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in raw.items()}
    sealed = Sealed(pepper.hex(), {"sec_up": SECRET, **(secrets_by_id or {})})
    sealer = Sealer(derive_key(token, SEALED_PURPOSE))
    SnapshotFiles(home / "snapshot").save(
        StoredSnapshot(
            canonical_json(Root(hashes)),
            {hashes[name]: content for name, content in raw.items()},
            sealer.seal(canonical_json(sealed)),
        )
    )
    return home


def _key(pepper: bytes) -> KeyEntry:
    return KeyEntry(id="key_other", digest=keyed_digest(pepper, OTHER_KEY))


def _keys(pepper: bytes) -> tuple[KeyEntry, ...]:
    def entry(id_: str, key: str, **changes: object) -> KeyEntry:
        return KeyEntry(id=id_, digest=keyed_digest(pepper, key), **changes)  # pyright: ignore[reportArgumentType] - fields of a test's choice

    return (
        entry("key_all", KEY, team="search"),
        entry("key_small", LIMITED_KEY, allowed_models=("up/small",)),
        entry("key_old", EXPIRED_KEY, expires_ms=1),
        entry("key_strict", STRICT_KEY, strict_hints=True),
        entry("key_case", OTHER_USE_CASE_KEY, use_case="billing"),
    )


def _price() -> PriceOverride:
    return PriceOverride(
        id="test",
        provider="up",
        model="small",
        prices=(UnitPrice("input_tokens", Decimal(1)), UnitPrice("output_tokens", Decimal(2))),
    )
