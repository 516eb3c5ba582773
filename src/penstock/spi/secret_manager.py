"""The interface of secrets managers: a credential such as `vault:secret/openai#key` is a reference
that the server resolves. `vault` is an entry point of the group `penstock.secrets`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, runtime_checkable

from penstock.spi.http import HttpAnswer, HttpRequest
from penstock.spi.tokens import IssuedToken

Variable = Callable[[str], str]
"""Returns how the operator has configured a manager, by the name of an environment variable; empty
if it is not set."""


class SecretManager(Protocol):
    """One kind of manager. Stateless; the server sends the requests."""

    def problem_of(self, name: str) -> str:
        """Returns what is wrong with a reference without its scheme, as a sentence; empty if
        nothing is."""
        ...

    def request(self, name: str, variable: Variable, now: datetime) -> HttpRequest:
        """Returns the request for a secret. Raises `SetupError` if the manager is not
        configured."""
        ...

    def read(self, name: str, answer: HttpAnswer) -> str:
        """Returns the secret in an answer. Raises `UpstreamFailed`, with nothing of the answer in
        its message."""
        ...


@runtime_checkable
class ManagerWithTokens(SecretManager, Protocol):
    """The same where requests carry a token that another server issues. The server asks for it,
    adds it to the requests as a bearer token, and renews it before it expires."""

    def token_request(self, variable: Variable) -> HttpRequest:
        """Returns the request for a token. Raises `SetupError` if the manager is not configured."""
        ...

    def read_token(self, variable: Variable, answer: HttpAnswer, now: datetime) -> IssuedToken:
        """Returns the token in an answer. Raises `UpstreamFailed`, without any secret."""
        ...
