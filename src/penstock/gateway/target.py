"""All that a snapshot says about one key calling one model."""

from dataclasses import dataclass

from penstock.gateway.snapshot.project_index import ProjectIndex
from penstock.infra.egress.exchange import UpstreamTimeLimits
from penstock.rules.redaction import Redaction
from penstock.rules.snapshot import ProviderEntry
from penstock.spi.chat import ChatProvider, ProviderConfig


@dataclass(frozen=True, slots=True)
class Target:
    """`model` is the provider's own id; `project` knows the price. `counted_as` is the model's
    label in metrics: its id if the provider claims it, because other names are the caller's choice.
    `redaction` keeps the provider's secret out of what it answers.
    """

    project: ProjectIndex
    entry: ProviderEntry
    model: str
    counted_as: str
    plugin: ChatProvider
    provider: ProviderConfig
    limits: UpstreamTimeLimits
    redaction: Redaction
