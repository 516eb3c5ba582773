"""Makes targets: a provider's model, with its plugin, credentials and health."""

from collections.abc import Callable

from penstock.gateway.credentials import CredentialPools
from penstock.gateway.metrics.histogram import OTHER
from penstock.gateway.snapshot.project_index import ModelMatch, ProjectIndex
from penstock.gateway.target import Target
from penstock.gateway.target_health import TargetHealth, TargetHealths
from penstock.gateway.target_slots import SlotSource
from penstock.infra.egress.exchange import UpstreamTimeLimits
from penstock.rules.models.facts import retirement_notice
from penstock.rules.models.limits import ModelLimits
from penstock.rules.redaction import Redaction
from penstock.rules.snapshot.providers import ProviderEntry
from penstock.spi.chat import ChatProvider, ProviderConfig
from penstock.spi.tokens import TokenExchanger, TokenIssuer


class TargetSource:
    """Makes the targets of a worker. Those of one model share its credentials and its health."""

    def __init__(
        self,
        plugin: Callable[[str], ChatProvider],
        pools: CredentialPools,
        healths: TargetHealths,
        slots: SlotSource,
    ) -> None:
        self._plugin = plugin
        self._pools = pools
        self._healths = healths
        self._slots = slots

    def begin(self) -> None:
        """Begins with a new snapshot."""
        self._pools.begin()

    def find(self, project: ProjectIndex, found: ModelMatch, model: str, dialect: str) -> Target:
        """Returns the target for calls of a surface of `dialect`."""
        entry, secrets = found.entry, found.secrets
        known = project.facts(entry, model)
        secret = secrets[0].secret if secrets else ""
        provider = ProviderConfig(entry.name, entry.base_url, secret, entry.quirks)
        plugin = self._plugin(entry.kind)
        issues = isinstance(plugin, (TokenIssuer, TokenExchanger))
        issuer = plugin if issues and secrets else None
        pool = self._pools.find(
            project.project_id,
            provider,
            secrets,
            issuer,
            private_allowed=entry.private_allowed,
        )
        served = plugin.for_dialect(dialect, provider, model)
        routed = (entry.name, model) in project.routed
        return Target(
            project=project,
            entry=entry,
            model=model,
            counted_as=model if model in entry.models else OTHER,
            plugin=served,
            provider=provider,
            limits=_limits(entry),
            redaction=Redaction(secret) if pool is None else pool.redaction,
            same_dialect=served.dialect == dialect,
            fetches_media=entry.quirks.get("media_urls") == "fetch",
            health=self.health(project, entry.name, model) if routed else None,
            known=known,
            model_limits=ModelLimits.of(known),
            retirement=retirement_notice(known),
            credentials=pool,
            slots=self._slots.of(project.project_id, entry),
        )

    def health(self, project: ProjectIndex, provider: str, model: str) -> TargetHealth:
        """Returns the health of a target that a route names."""
        return self._healths.of(project.project_id, provider, model)


def _limits(entry: ProviderEntry) -> UpstreamTimeLimits:
    return UpstreamTimeLimits(
        entry.connect_timeout_ms / 1000,
        entry.first_byte_timeout_ms / 1000,
        entry.silence_timeout_ms / 1000,
        entry.total_timeout_ms / 1000,
    )
