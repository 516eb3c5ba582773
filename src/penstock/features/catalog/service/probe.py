"""The connection test: requests a provider's list of models, and explains failures."""

import asyncio
from dataclasses import replace
from typing import Final

from penstock.features.catalog.model import ProviderCheck
from penstock.features.catalog.ports import Kinds
from penstock.infra.egress.tokens import fetch_token
from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.kernel.time import Clock
from penstock.spi.chat import ChatProvider, ProviderConfig
from penstock.spi.http import Fetch, HttpAnswer
from penstock.spi.tokens import TokenExchanger, TokenIssuer

TEST_TIMEOUT_S: Final = 10.0


class Prober:
    """Runs connection tests. It stores nothing."""

    def __init__(self, fetch: Fetch, kinds: Kinds, clock: Clock) -> None:
        self._fetch = fetch
        self._kinds = kinds
        self._clock = clock

    async def check(
        self,
        kind: str,
        target: ProviderConfig,
        *,
        private_allowed: bool,
        timeout_s: float = TEST_TIMEOUT_S,
    ) -> ProviderCheck:
        """Requests the list of models. Never raises for a failure of the provider: `problem`
        describes it."""
        plugin = self._kinds.get(kind)
        start = self._clock.monotonic()
        try:
            answer = await self._fetch(
                plugin.build_model_list(
                    await self._with_token(plugin, target, private_allowed=private_allowed)
                ),
                timeout_s=timeout_s,
                private_allowed=private_allowed,
            )
            models = plugin.read_model_list(_accepted(answer).body)
        except PenstockError as error:
            return ProviderCheck(self._ms_since(start), problem=error.sentence())
        return ProviderCheck(self._ms_since(start), models)

    async def _with_token(
        self, plugin: ChatProvider, target: ProviderConfig, *, private_allowed: bool
    ) -> ProviderConfig:
        now_s = self._clock.now_ns() / 1e9
        issued = None
        if target.secret and isinstance(plugin, TokenIssuer):
            issued = await asyncio.to_thread(plugin.issue_token, target.secret, now_s)
        elif target.secret and isinstance(plugin, TokenExchanger):
            issued = await fetch_token(
                plugin, target, self._fetch, now_s, private_allowed=private_allowed
            )
        return target if issued is None else replace(target, token=issued.text)

    def _ms_since(self, start: float) -> float:
        return round((self._clock.monotonic() - start) * 1000, 2)


def _accepted(answer: HttpAnswer) -> HttpAnswer:
    if answer.status == 200:
        return answer
    status = answer.status
    if status in {401, 403}:
        raise UpstreamFailed(
            f"The provider rejected the API key ({status}).",
            hint="Check that it is complete and may list models.",
        )
    if status == 404:
        raise UpstreamFailed(
            "This address has no list of models (404).",
            hint="Check the base URL; it usually ends in /v1.",
        )
    if 300 <= status < 400:
        raise UpstreamFailed(
            f"The provider redirects ({status}); redirects are not followed.",
            hint="Set the base URL to the target of the redirect.",
        )
    raise UpstreamFailed(f"The provider answered the request for its models with {status}.")
