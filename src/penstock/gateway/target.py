"""The provider and model that a call goes to, with everything the stages need of them."""

from dataclasses import dataclass

from penstock.gateway.snapshot.project_index import ProjectIndex
from penstock.infra.egress.exchange import UpstreamTimeLimits
from penstock.rules.model_facts import RetirementNotice
from penstock.rules.model_limits import ModelLimits
from penstock.rules.redaction import Redaction
from penstock.rules.snapshot import ProviderEntry
from penstock.spi.chat import ChatProvider, ProviderConfig


@dataclass(frozen=True, slots=True)
class Target:
    """`model` is the provider's own id. `project` has the prices. `counted_as` is the model's label
    in metrics: its id if the provider lists it, else `other`, because callers choose other names.
    `redaction` removes the provider's secret from its answers. `model_limits` is what the model
    certainly cannot do.
    """

    project: ProjectIndex
    entry: ProviderEntry
    model: str
    counted_as: str
    plugin: ChatProvider
    provider: ProviderConfig
    limits: UpstreamTimeLimits
    redaction: Redaction
    model_limits: ModelLimits | None = None
    retirement: RetirementNotice | None = None
