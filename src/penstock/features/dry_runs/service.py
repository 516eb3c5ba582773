"""Asks a gateway what it would do with a request."""

from typing import Final

import msgspec

from penstock.kernel.errors import NotFound, UpstreamFailed, UpstreamTimeout
from penstock.rules.explanation import DRY_RUN_PATH, DryRunRequest, Explanation
from penstock.spi.http import Fetch, HttpRequest

_TIMEOUT_S: Final = 30.0  # of one explanation; then the gateway does not answer


class DryRuns:
    """Sends dry runs to the gateway of this installation, with the gateway token."""

    def __init__(self, fetch: Fetch, gateway_url: str, token: str) -> None:
        self._fetch = fetch
        self._gateway_url = gateway_url.rstrip("/")
        self._headers = (
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
        )

    async def explain(self, request: DryRunRequest) -> Explanation:
        """Returns what the gateway would do. Raises `UpstreamFailed` if it does not answer, and
        `NotFound` if it is too old to explain."""
        url = f"{self._gateway_url}{DRY_RUN_PATH}"
        body = msgspec.json.encode(request)
        try:
            answer = await self._fetch(
                HttpRequest("POST", url, self._headers, body),
                timeout_s=_TIMEOUT_S,
                private_allowed=True,
            )
        except (UpstreamFailed, UpstreamTimeout) as error:
            raise UpstreamFailed(
                f"The gateway at {self._gateway_url} does not answer.",
                hint="Start it with `penstock up`, or set gateway_url of the server.",
                code="gateway_unavailable",
            ) from error
        if answer.status == 404:
            raise NotFound(f"The gateway at {self._gateway_url} has no dry runs: upgrade it.")
        if answer.status != 200:
            raise UpstreamFailed(
                f"The gateway at {self._gateway_url} answered {answer.status}.",
                hint="Look at its log; gateway.token must be that of the server.",
            )
        try:
            return msgspec.json.decode(answer.body, type=Explanation)
        except msgspec.MsgspecError as error:
            raise UpstreamFailed("The gateway's explanation cannot be read.") from error
