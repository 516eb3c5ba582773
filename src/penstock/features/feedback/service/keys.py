"""Public keys for feedback."""

import base64
import re
from collections.abc import Sequence
from typing import Final

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.feedback.model import (
    MAX_KEYS,
    MAX_ORIGIN_CHARS,
    MAX_ORIGINS,
    MAX_PER_MINUTE,
    FeedbackKey,
)
from penstock.features.feedback.store import keys
from penstock.kernel.errors import InvalidRequest, NotFound

_PREFIX: Final = "pfk_"
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


class FeedbackKeyService:
    """Use cases of public keys."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list_all(self, project_id: str) -> list[FeedbackKey]:
        """Returns the keys of a project, oldest first."""
        with self._context.database.read() as connection:
            return keys.list_by_project(connection, project_id)

    def find(self, key: str) -> FeedbackKey | None:
        """Returns the key with this text, if it exists."""
        with self._context.database.read() as connection:
            return keys.find(connection, key)

    def add(
        self,
        actor: Principal,
        project_id: str,
        name: str,
        origins: Sequence[str],
        per_minute: int,
    ) -> FeedbackKey:
        """Creates a key. Raises `InvalidRequest` for an origin that browsers do not send."""
        _check(origins, per_minute)
        random = base64.urlsafe_b64encode(self._context.random_bytes(24)).decode()
        key = FeedbackKey(
            key=f"{_PREFIX}{random}",
            id=self._context.new_id("fbk"),
            project_id=project_id,
            name=name,
            origins=tuple(dict.fromkeys(origins)),
            per_minute=per_minute,
            created_ms=self._context.now_ms(),
        )
        with self._context.database.write() as tx:
            if keys.count(tx.connection, project_id) >= MAX_KEYS:
                raise InvalidRequest(f"A project has at most {MAX_KEYS} public keys.")
            keys.add(tx.connection, key)
            self._context.audit_log.append(
                tx, actor, project_id, "feedback_key.create", key.id, after=key.audit_fields()
            )
        return key

    def remove(self, actor: Principal, project_id: str, key_id: str) -> None:
        """Deletes a key; pages cannot use it from now on. Raises `NotFound`."""
        with self._context.database.write() as tx:
            own = keys.list_by_project(tx.connection, project_id)
            key = next((each for each in own if each.id == key_id), None)
            if key is None:
                raise NotFound("There is no such public key in this project.")
            keys.remove(tx.connection, key.key)
            self._context.audit_log.append(
                tx, actor, project_id, "feedback_key.remove", key.id, before=key.audit_fields()
            )


def _check(origins: Sequence[str], per_minute: int) -> None:
    if not 1 <= len(origins) <= MAX_ORIGINS:
        raise InvalidRequest(f"A public key has 1 to {MAX_ORIGINS} origins.", param="origins")
    for origin in origins:
        if len(origin) > MAX_ORIGIN_CHARS or not _ORIGIN.fullmatch(origin):
            raise InvalidRequest(
                f"{origin[:64]!r} is no origin.",
                hint="Write it as browsers send it: https://app.example.com, without a path.",
                param="origins",
            )
    if not 1 <= per_minute <= MAX_PER_MINUTE:
        raise InvalidRequest(
            f"A public key is for 1 to {MAX_PER_MINUTE} requests a minute.", param="per_minute"
        )
