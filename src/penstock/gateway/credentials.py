"""The credentials of providers in this worker: which one is next, and which ones rest.

A provider may have several. Those that it has just rejected rest; the others take turns. A plugin
may issue tokens for them (`spi.tokens`), which are used until shortly before they expire. Other
workers have their own state.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Final, NamedTuple

from penstock.infra.egress.tokens import fetch_token
from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.kernel.time import Clock
from penstock.rules.attempts.retry_after import read_retry_after
from penstock.rules.redaction import Redaction
from penstock.spi.chat import ProviderConfig
from penstock.spi.http import Fetch
from penstock.spi.tokens import IssuedToken, TokenExchanger, TokenIssuer

MAX_REJECTED_REST_S: Final = 300.0  # after an answer that rejects the credential
MAX_LIMITED_REST_S: Final = 600.0  # after a 429, whatever its Retry-After says
RENEW_BEFORE_S: Final = 300.0  # the end of a token's time, in which it is renewed
_LAST_S: Final = 30.0  # the end of a token's time, in which calls wait for another one
_AGAIN_S: Final = 10.0  # between two requests to a server for one token
_LIMITED_REST_S: Final = 5.0  # after a 429 without Retry-After
_TOO_MANY: Final = 429
ROTATED: Final = frozenset((401, 402, 403, 407, _TOO_MANY))  # statuses that concern the credential

_log: Final = logging.getLogger("penstock.gateway")


class NamedSecret(NamedTuple):
    """A credential as the snapshot has it."""

    name: str
    secret: str


class ChosenCredential(NamedTuple):
    """A credential for one attempt."""

    name: str
    provider: ProviderConfig


class ExchangedTokens(NamedTuple):
    """Issues the tokens of one provider by a server."""

    exchanger: TokenExchanger
    fetch: Fetch
    private_allowed: bool

    async def issue(self, provider: ProviderConfig, now_s: float) -> IssuedToken | None:
        """Raises `UpstreamFailed`, `UpstreamTimeout`."""
        allowed = self.private_allowed
        return await fetch_token(
            self.exchanger, provider, self.fetch, now_s, private_allowed=allowed
        )


class _Credential:
    """One credential with its state. `ready_at` is on the monotonic clock."""

    def __init__(self, name: str, provider: ProviderConfig) -> None:
        self.name = name
        self.provider = provider
        self.ready_at = 0.0
        self.expires_s = 0.0
        self.hidden: tuple[str, ...] = ()
        self.issuing = asyncio.Lock()
        self.renewal: asyncio.Task[None] | None = None
        self.renew_at_s = 0.0  # not before: in the background, or after a failure of a server
        self.failure: PenstockError | None = None


class CredentialPool:
    """The credentials of one provider. `issuer`: its plugin, if that issues tokens. `redaction`
    removes all of them, with the tokens that are valid at the moment."""

    def __init__(
        self,
        provider: ProviderConfig,
        secrets: tuple[NamedSecret, ...],
        issuer: TokenIssuer | ExchangedTokens | None,
        clock: Clock,
    ) -> None:
        self._all = [_Credential(one.name, replace(provider, secret=one.secret)) for one in secrets]
        self._issuer = issuer
        self._clock = clock
        self._turn = -1
        plain = () if issuer is not None else (one.secret for one in secrets)
        self.redaction = Redaction(*plain)

    async def choose(
        self, tried: Collection[str] = (), *, only_first: bool = False
    ) -> ChosenCredential:
        """Returns the credential whose turn it is among those not tried, or the first. If all rest,
        it is the one that is ready soonest, so that past answers never make a provider unreachable.
        Raises `UpstreamFailed` if the plugin can issue no token for it."""
        chosen = self._all[0] if only_first else self._next(tried)
        if self._issuer is not None and self._is_old(chosen):
            if isinstance(self._issuer, ExchangedTokens) and self._is_valid(chosen):
                self._renew_beside(chosen, self._issuer)
            else:
                await self._renew(chosen, self._issuer)
        return ChosenCredential(chosen.name, chosen.provider)

    def of_name(self, name: str) -> ProviderConfig | None:
        """Returns the settings with the credential of this name, for a request that is not sent."""
        return next((one.provider for one in self._all if one.name == name), None)

    def note(self, name: str, status: int, retry_after: bytes) -> None:
        """Notes the status of the answer to a request with this credential."""
        if status not in ROTATED:
            return
        for credential in self._all:
            if credential.name == name:
                self._note(credential, status, retry_after)

    def has_another(self, tried: Collection[str]) -> bool:
        """Returns whether a credential is ready that is not among those tried."""
        now = self._clock.monotonic()
        return any(one.ready_at <= now and one.name not in tried for one in self._all)

    def resting(self) -> dict[tuple[str, str], bool]:
        """Returns whether each credential rests, by provider and name."""
        now = self._clock.monotonic()
        return {(one.provider.name, one.name): one.ready_at > now for one in self._all}

    def _next(self, tried: Collection[str]) -> _Credential:
        now, count = self._clock.monotonic(), len(self._all)
        for _ in range(count):
            self._turn = (self._turn + 1) % count
            one = self._all[self._turn]
            if one.ready_at <= now and one.name not in tried:
                return one
        return min(self._all, key=lambda one: one.ready_at)

    def _note(self, credential: _Credential, status: int, retry_after: bytes) -> None:
        rest_s = MAX_REJECTED_REST_S
        if status == _TOO_MANY:
            asked = read_retry_after(retry_after, self._clock.now_ns() / 1e9)
            rest_s = _LIMITED_REST_S if asked is None else min(float(asked), MAX_LIMITED_REST_S)
        else:
            credential.expires_s = 0.0  # its token is not used again
        credential.ready_at = self._clock.monotonic() + rest_s
        if len(self._all) > 1:
            provider = credential.provider.name
            _log.warning(
                "Provider %s: the credential %s rests for %d s, after an answer with status %d.",
                *(provider, credential.name, rest_s, status),
            )

    def _is_old(self, credential: _Credential) -> bool:
        return self._clock.now_ns() / 1e9 >= credential.expires_s - RENEW_BEFORE_S

    def _is_valid(self, credential: _Credential) -> bool:
        return self._clock.now_ns() / 1e9 < credential.expires_s - _LAST_S

    def _renew_beside(self, credential: _Credential, issuer: ExchangedTokens) -> None:
        """Begins to fetch the next token. Calls go on with the one that is valid."""
        now_s = self._clock.now_ns() / 1e9
        running = credential.renewal is not None and not credential.renewal.done()
        if not running and now_s >= credential.renew_at_s:
            credential.renew_at_s = now_s + _AGAIN_S
            credential.renewal = asyncio.ensure_future(self._try_to_renew(credential, issuer))

    async def _try_to_renew(self, credential: _Credential, issuer: ExchangedTokens) -> None:
        try:
            await self._exchange(credential, issuer)
        except PenstockError as error:
            name = (credential.provider.name, credential.name)
            _log.warning("Provider %s: no new token for %s. %s", *name, error.sentence())

    async def _renew(self, credential: _Credential, issuer: TokenIssuer | ExchangedTokens) -> None:
        """Issues a token, unless there is one that is valid for long enough."""
        async with credential.issuing:
            if not self._is_old(credential):
                return
            try:
                if isinstance(issuer, ExchangedTokens):
                    await self._exchange_or_fail(credential, issuer)
                else:
                    await self._sign(credential, issuer)
            except UpstreamFailed:
                credential.ready_at = self._clock.monotonic() + MAX_REJECTED_REST_S
                raise

    async def _sign(self, credential: _Credential, issuer: TokenIssuer) -> None:
        secret, now_s = credential.provider.secret, self._clock.now_ns() / 1e9
        self._use(credential, await asyncio.to_thread(issuer.issue_token, secret, now_s))

    async def _exchange_or_fail(self, credential: _Credential, issuer: ExchangedTokens) -> None:
        """Fetches a token. Its failure is that of all calls for a while, so that they
        do not wait for it one after the other."""
        now_s = self._clock.now_ns() / 1e9
        if credential.failure is not None and now_s < credential.renew_at_s:
            raise credential.failure.with_traceback(None)
        try:
            await self._exchange(credential, issuer)
        except PenstockError as error:
            credential.failure, credential.renew_at_s = error, now_s + _AGAIN_S
            raise

    async def _exchange(self, credential: _Credential, issuer: ExchangedTokens) -> None:
        now_s = self._clock.now_ns() / 1e9
        self._use(credential, await issuer.issue(credential.provider, now_s))
        credential.failure = None

    def _use(self, credential: _Credential, issued: IssuedToken | None) -> None:
        """Uses a new token, or the secret itself. The token before may still be valid, so it stays
        hidden."""
        if issued is None:
            issued = IssuedToken("", float("inf"), (credential.provider.secret,))
        before = credential.provider.token
        credential.expires_s = issued.expires_s
        credential.provider = replace(credential.provider, token=issued.text)
        credential.hidden = (issued.text, before, *issued.hidden)
        self.redaction.hide(*(text for one in self._all for text in one.hidden))


class CredentialPools:
    """The pools of the providers that need one. They outlive changes of other configuration."""

    def __init__(self, clock: Clock, fetch: Fetch) -> None:
        self._clock = clock
        self._fetch = fetch
        self._pools: dict[tuple[str, ...], CredentialPool] = {}
        self._before: dict[tuple[str, ...], CredentialPool] = {}

    def begin(self) -> None:
        """Begins with a new snapshot. Drops the pools that no call has used since the last one."""
        self._before, self._pools = self._pools, {}

    def find(
        self,
        owner: str,
        provider: ProviderConfig,
        secrets: tuple[NamedSecret, ...],
        issuer: TokenIssuer | TokenExchanger | None,
        *,
        private_allowed: bool = False,
    ) -> CredentialPool | None:
        """Returns the pool of a provider of the project `owner`; `None` for one that has a single
        secret and sends it as it is."""
        if issuer is None and len(secrets) < 2:
            return None
        quirks = (text for item in sorted(provider.quirks.items()) for text in item)
        named = (text for one in secrets for text in one)
        allowed = "private" * private_allowed
        key = (owner, provider.name, provider.base_url, allowed, *quirks, *named)
        pool = self._pools.get(key) or self._before.get(key)
        if pool is None:
            source = issuer
            if isinstance(source, TokenExchanger):
                source = ExchangedTokens(source, self._fetch, private_allowed)
            pool = CredentialPool(provider, secrets, source, self._clock)
        self._pools[key] = pool
        return pool

    def resting(self) -> dict[tuple[str, str], int]:
        """Returns how many credentials rest in this worker, by provider and name. Projects may use
        the same names."""
        found: Counter[tuple[str, str]] = Counter()
        for pool in self._pools.values():
            found.update({key: int(rests) for key, rests in pool.resting().items()})
        return dict(found)
