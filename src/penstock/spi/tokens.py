"""The interface of provider plugins that exchange the provider's secret for short-lived tokens."""

from typing import NamedTuple, Protocol, runtime_checkable

from penstock.spi.chat import ProviderConfig
from penstock.spi.http import HttpAnswer, HttpRequest


class IssuedToken(NamedTuple):
    """A token for the requests to a provider. `expires_s`: Unix seconds. `hidden`: the texts that
    no answer may contain, beside the token."""

    text: str
    expires_s: float
    hidden: tuple[str, ...] = ()


@runtime_checkable
class TokenIssuer(Protocol):
    """A provider plugin whose requests carry `ProviderConfig.token`."""

    def issue_token(self, secret: str, now_s: float) -> IssuedToken | None:
        """Makes a token, without I/O, in up to 50 ms of CPU; `None` if the secret itself is sent.
        Raises `UpstreamFailed` if the secret cannot be used."""
        ...


@runtime_checkable
class TokenExchanger(Protocol):
    """The same where a server issues the tokens. `infra/egress/tokens.py` asks it."""

    def build_token_request(self, provider: ProviderConfig) -> HttpRequest | None:
        """Builds the request for a token; `None` if the secret itself is sent. Raises
        `UpstreamFailed` if the secret cannot be used."""
        ...

    def read_token(self, provider: ProviderConfig, answer: HttpAnswer, now_s: float) -> IssuedToken:
        """Reads the token. Raises `UpstreamFailed` with the server's reason."""
        ...
