"""The provider and model that a call goes to, with everything the stages need of them."""

from dataclasses import dataclass, replace

from penstock.gateway.credentials import ChosenCredential, CredentialPool
from penstock.gateway.snapshot.project_index import ProjectIndex
from penstock.gateway.target_health import TargetHealth
from penstock.gateway.target_slots import TargetSlots
from penstock.infra.egress.exchange import UpstreamTimeLimits
from penstock.rules.models.facts import KnownFacts, RetirementNotice
from penstock.rules.models.limits import ModelLimits
from penstock.rules.redaction import Redaction
from penstock.rules.snapshot.providers import ProviderEntry
from penstock.spi.chat import ChatProvider, ProviderConfig


@dataclass(frozen=True, slots=True)
class Target:
    """`model` is the provider's own id. `project` has the prices. `counted_as` is the model's label
    in metrics: its id if the provider lists it, else `other`, because callers choose other names.
    `redaction` removes the provider's secrets from its answers. `same_dialect`: the provider has
    the dialect of the surface, so that bytes pass. `fetches_media`: it gets media that a request
    names by URL as bytes, which the gateway fetches. `known`: the facts of the model.
    `model_limits` is what the model certainly cannot do. `health` is what this worker has seen of
    it, if a route names it. With a pool of `credentials`, each attempt uses one of them: its name
    is `credential`. `slots`: the places of its provider, if that has a limit of calls at once.
    """

    project: ProjectIndex
    entry: ProviderEntry
    model: str
    counted_as: str
    plugin: ChatProvider
    provider: ProviderConfig
    limits: UpstreamTimeLimits
    redaction: Redaction
    same_dialect: bool
    fetches_media: bool = False
    known: KnownFacts | None = None
    model_limits: ModelLimits | None = None
    retirement: RetirementNotice | None = None
    credentials: CredentialPool | None = None
    credential: str = ""
    health: TargetHealth | None = None
    slots: TargetSlots | None = None

    def using(self, chosen: ChosenCredential) -> "Target":
        """Returns the target of an attempt with this credential."""
        return replace(self, provider=chosen.provider, credential=chosen.name)
