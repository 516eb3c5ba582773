"""Revokes client tokens. Nothing is stored for a token itself; its revocation is stored until the
token would have expired, which its id tells."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.identity.store import client_tokens as store
from penstock.features.identity.store.client_tokens import RevokedToken
from penstock.kernel.errors import Conflict, InvalidRequest
from penstock.rules.client_tokens import CLOCKS_DIFFER_S, LONGEST_S, latest_expiry_ms
from penstock.rules.document import Document
from penstock.rules.snapshot.revoked_tokens import REVOKED_TOKENS, RevokedTokensSection

MAX_REVOKED: Final = 1000  # at once in a project: tokens that have not expired
_SLACK_MS: Final = CLOCKS_DIFFER_S * 1000


class ClientTokenService:
    """Use cases of client tokens, and the snapshot section `<project_id>/revoked_tokens`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def revoke(self, actor: Principal, project_id: str, token_id: str) -> RevokedToken:
        """Revokes a token; again is no error. Raises `InvalidRequest` for what is no id of a token
        in use, `Conflict` if too many are revoked."""
        now_ms = self._context.now_ms()
        token = RevokedToken(project_id, token_id, now_ms, _expiry_ms(token_id, now_ms))
        with self._context.database.write() as tx:
            store.forget_expired(tx.connection, now_ms)
            if found := store.find(tx.connection, project_id, token_id):
                return found
            if store.count(tx.connection, project_id) >= MAX_REVOKED:
                raise Conflict(
                    f"The project has {MAX_REVOKED} revoked client tokens that have not expired.",
                    hint="Rotate the key that makes them, without an overlap: it ends all.",
                    code="too_many_revoked",
                )
            store.add(tx.connection, token)
            after = {"expires_ms": token.expires_ms}
            self._context.audit_log.append(
                tx, actor, project_id, "client_token.revoke", token_id, after=after
            )
        return token

    def list_revoked(self, project_id: str) -> Sequence[RevokedToken]:
        """Returns the revoked tokens of a project that may not have expired."""
        now_ms = self._context.now_ms()
        with self._context.database.read() as connection:
            found = store.list_all(connection, project_id)
        return [each for each in found if each.expires_ms > now_ms]

    def documents(self) -> dict[str, Document]:
        """Returns the sections by name. A project without revoked tokens has none."""
        ids: dict[str, list[str]] = defaultdict(list)
        with self._context.database.read() as connection:
            for token in store.list_all(connection):
                ids[token.project_id].append(token.id)
        return {
            REVOKED_TOKENS.name(project_id): RevokedTokensSection(project_id, tuple(of_project))
            for project_id, of_project in ids.items()
        }

    def secrets(self) -> dict[str, str]:
        """Returns no secrets."""
        return {}


def _expiry_ms(token_id: str, now_ms: int) -> int:
    expires_ms = latest_expiry_ms(token_id)
    if expires_ms is None or expires_ms - LONGEST_S * 1000 > now_ms + _SLACK_MS:
        raise InvalidRequest(
            "This is not the id of a client token.",
            hint="Write the `id` (ctk_…) of the answer that had the token, or of the attribute"
            " client_token of its calls.",
            param="token_id",
        )
    if expires_ms + _SLACK_MS <= now_ms:
        raise InvalidRequest("This client token has expired.", param="token_id")
    return expires_ms + _SLACK_MS
