"""The interface of provider plugins that exchange the provider's secret for short-lived tokens."""

from typing import NamedTuple, Protocol, runtime_checkable


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
