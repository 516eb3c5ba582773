"""The interface of provider plugins.

A provider plugin is pure: it builds requests and reads answers; the gateway and the catalogue do
the I/O through `infra/egress`. Plugins are entry points of the group `penstock.providers`: each
names a function without arguments that returns a `ChatProvider`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from penstock.spi.http import HttpRequest

DEFAULT_KIND: Final = "openai-compatible"


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """The settings of one provider that its plugin needs. `secret` is empty if none is needed."""

    name: str
    base_url: str
    secret: str = field(default="", repr=False)
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Vendor:
    """The defaults of a vendor, or of a self-hosted server: base URL, environment variable of the
    API key, and quirks for the plugin `kind`."""

    label: str
    base_url: str
    api_key_env: str = ""
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])
    kind: str = DEFAULT_KIND


class OutgoingCall(msgspec.Struct, frozen=True):
    """A caller's request as received: `body` is the surface's JSON, `model` the upstream id.

    `model_at`: start and end of the value of `model` in `body`, if known.
    """

    operation: str
    model: str
    stream: bool
    body: bytes
    model_at: tuple[int, int] | None = None


class ChatProvider(Protocol):
    """One kind of provider. Stateless: one instance serves all configured providers of its kind."""

    @property
    def dialect(self) -> str:
        """The wire format (`openai`). If the surface has the same one, bytes pass through."""
        ...

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> HttpRequest:
        """Builds the upstream request. Raises `InvalidRequest` if the API cannot express it."""
        ...

    def build_model_list(self, provider: ProviderConfig) -> HttpRequest:
        """Builds the request that lists the provider's models; it is also the connection test."""
        ...

    def read_model_list(self, body: bytes) -> tuple[str, ...]:
        """Reads the model ids from that answer. Raises `UpstreamFailed` if it is not a list."""
        ...
