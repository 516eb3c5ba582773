"""Sessions of users: sign in, sign out, change the password."""

import base64
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.identity.model import User
from penstock.features.identity.passwords import Passwords
from penstock.features.identity.store import sessions, users
from penstock.features.identity.throttle import Source, Throttle
from penstock.infra.crypto import keyed_digest
from penstock.kernel.errors import RateLimited, Unauthenticated

SESSION_LIFETIME: Final = timedelta(hours=12)
MAX_SESSIONS: Final = 50  # of one user; another one ends the oldest
NOWHERE: Final = Source()


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a browser: its secret token, and the CSRF token that each mutation must send."""

    principal: Principal
    token: str = field(repr=False)
    csrf_token: str = field(repr=False)


class SignInService:
    """Use cases of sessions. `session_key` keys the digests of their tokens."""

    def __init__(
        self,
        context: Context,
        passwords: Passwords,
        session_key: bytes,
    ) -> None:
        self._context = context
        self._passwords = passwords
        self._session_key = session_key
        self._throttle = Throttle(context.clock)

    def sign_in(self, email: str, password: str, source: Source = NOWHERE) -> Session:
        """Creates a session. Raises `Unauthenticated` if address or password is wrong,
        `RateLimited` after several wrong ones or if too many users sign in at the same time."""
        return self.start(self._check(email, password, source))

    def start(self, user: User) -> Session:
        """Creates a session for a user who has just been authenticated."""
        token = base64.urlsafe_b64encode(self._context.random_bytes(32)).decode().rstrip("=")
        now_ms = self._context.now_ms()
        expires_ms = now_ms + SESSION_LIFETIME // timedelta(milliseconds=1)
        with self._context.database.write() as tx:
            sessions.remove_expired(tx.connection, now_ms)
            sessions.add(tx.connection, self._digest(token), user.id, now_ms, expires_ms)
            sessions.remove_oldest_of(tx.connection, user.id, keep=MAX_SESSIONS)
            principal = user.principal(users.roles_of(tx.connection, user.id))
            self._context.audit_log.append(tx, principal, "", "session.create", user.id)
        return Session(principal, token, self.csrf_token(token))

    def find(self, token: str) -> Principal | None:
        """Returns the principal of a session, or `None` if it does not exist."""
        with self._context.database.read() as connection:
            now_ms = self._context.now_ms()
            user_id = sessions.find_user_id(connection, self._digest(token), now_ms)
            user = users.find_user(connection, user_id) if user_id else None
            return user.principal(users.roles_of(connection, user.id)) if user else None

    def sign_out(self, actor: Principal, token: str) -> None:
        """Ends the session."""
        with self._context.database.write() as tx:
            sessions.remove(tx.connection, self._digest(token))
            self._context.audit_log.append(tx, actor, "", "session.end", actor.id)

    def change_password(self, actor: Principal, current: str, new: str) -> None:
        """Changes the user's own password and ends all their sessions. Raises `Unauthenticated` if
        the current one is wrong, `RateLimited` after several wrong ones, counted separately from
        sign-ins."""
        self._passwords.require_usable(new)
        self._check(actor.label, current, Source(device=f"user {actor.id}"))
        password_hash = self._passwords.hash(new)
        with self._context.database.write() as tx:
            users.set_password(tx.connection, actor.id, password_hash)
            sessions.remove_all_of(tx.connection, actor.id)
            self._context.audit_log.append(tx, actor, "", "user.change_password", actor.id)

    def csrf_token(self, token: str) -> str:
        """Returns what mutations of a session must send in `x-csrf-token`; other sites cannot know
        it."""
        return keyed_digest(self._session_key, f"csrf {token}")

    def csrf_token_matches(self, token: str, given: str) -> bool:
        """Returns whether `given` is the session's token. Compares in constant time."""
        return hmac.compare_digest(self.csrf_token(token).encode(), given.encode())

    def device_of(self, email: str, cookie: str) -> str:
        """Returns the device id if this account has signed in from it before, else empty."""
        device, _, digest = cookie.partition(".")
        known = hmac.compare_digest(self._device_digest(email, device).encode(), digest.encode())
        return device if known else ""

    def new_device(self, email: str) -> str:
        """Returns a cookie for a device from which this account has just signed in."""
        device = base64.urlsafe_b64encode(self._context.random_bytes(16)).decode().rstrip("=")
        return f"{device}.{self._device_digest(email, device)}"

    def _device_digest(self, email: str, device: str) -> str:
        return keyed_digest(self._session_key, f"device {device} {email}")

    def _check(self, email: str, password: str, source: Source) -> User:
        attempt = self._throttle.begin(email, source)
        try:
            with self._context.database.read() as connection:
                found = users.find_user_by_email(connection, email)
            unknown_source = "" if source.device else f"peer {source.peer}"
            right = self._passwords.matches(
                password, found[1] if found else None, unknown_source=unknown_source
            )
        except RateLimited:
            self._throttle.cancel(attempt)
            raise
        if not right or found is None:
            raise Unauthenticated(
                "Address or password is wrong.",
                hint="`penstock admin reset` on the server sets new ones for the first admin.",
                code="wrong_credentials",
            )
        self._throttle.succeeded(attempt)
        return found[0]

    def _digest(self, token: str) -> str:
        return keyed_digest(self._session_key, f"session {token}")
