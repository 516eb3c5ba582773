"""The door for model providers: how a call in our surface's dialect becomes an upstream request.

A provider plugin is pure: it builds requests and reads answers; the gateway and the catalogue do
the I/O through `infra/egress`. Found by entry point in the group `penstock.providers`; the entry
point names a function without arguments that returns a `ChatProvider`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from penstock.spi.http import HttpRequest

DEFAULT_KIND: Final = "openai-compatible"


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """What a plugin may know of one configured provider. `secret` is empty when none is needed."""

    name: str
    base_url: str
    secret: str = field(default="", repr=False)
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Vendor:
    """What is known ahead of a vendor, or of a server that people run themselves: its usual
    address, the usual variable of its API key, and what is odd about it, for the plugin `kind`."""

    label: str
    base_url: str
    api_key_env: str = ""
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])
    kind: str = DEFAULT_KIND


class OutgoingCall(msgspec.Struct, frozen=True):
    """A caller's request as it stands: `body` is the surface's JSON, `model` the upstream id.

    `model_at`: first byte and end of the value of `model` in `body`, where that is known.
    """

    operation: str
    model: str
    stream: bool
    body: bytes
    model_at: tuple[int, int] | None = None


class ChatProvider(Protocol):
    """One kind of provider. Stateless; one instance serves every configured provider of it."""

    @property
    def dialect(self) -> str:
        """The wire format it speaks (`openai`); the same as the surface's = bytes pass through."""
        ...

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> HttpRequest:
        """The upstream request of a call. `InvalidRequest` if the provider cannot express it."""
        ...

    def build_model_list(self, provider: ProviderConfig) -> HttpRequest:
        """The request that lists the provider's models; also serves as its connection test."""
        ...

    def read_model_list(self, body: bytes) -> tuple[str, ...]:
        """Model ids from the answer to `build_model_list`; `UpstreamFailed` if it is not one."""
        ...
