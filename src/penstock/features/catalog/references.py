"""Credentials that a secrets manager keeps: `vault:secret/openai#key` is stored, and its value is
read again and again. A manager that is away keeps the last value, also over a restart."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

import msgspec

from penstock.features.catalog.manager_tokens import ManagerTokens
from penstock.features.catalog.model import clean_secret
from penstock.infra.crypto import SealBroken, Sealer, keyed_digest, write_private
from penstock.kernel.errors import InvalidRequest, PenstockError
from penstock.kernel.time import Clock
from penstock.spi.http import Fetch
from penstock.spi.secret_manager import SecretManager, Variable

REFRESH_S: Final = 60.0  # after a value was read, and after a failure
LOOK_S: Final = 2.0  # between two looks for new references
MAX_ANSWER_BYTES: Final = 1024 * 1024  # of a manager
MAX_AT_ONCE: Final = 8  # requests to managers
_TIMEOUT_S: Final = 10.0
_CONTEXT: Final = b"values of references"
_VALUES: Final = msgspec.json.Decoder(dict[str, tuple[str, float]])

_log: Final = logging.getLogger("penstock.secrets")


class Managers(Protocol):
    """The installed secrets managers, by scheme."""

    def get(self, kind: str) -> SecretManager: ...
    def names(self) -> tuple[str, ...]: ...


@dataclass(slots=True)
class ResolvedReference:
    """The last value of a reference, and the one before. `problem`: why it cannot be read now."""

    value: str = ""
    previous: str = ""
    read_s: float = 0.0  # Unix time of the value
    due_s: float = 0.0  # monotonic time of the next request
    problem: str = ""


class SecretReferences:
    """`variable` returns how the operator has configured a manager. `file` keeps the last values,
    encrypted; `changed` is called after a value has changed."""

    def __init__(
        self,
        managers: Managers,
        fetch: Fetch,
        variable: Variable,
        *,
        file: Path,
        key: bytes,
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self._managers = managers
        self._schemes = frozenset(managers.names())
        self._fetch = fetch
        self._variable = variable
        self._tokens = ManagerTokens(fetch, variable)
        self._file = file
        self._key = key
        self._sealer = Sealer(key)
        self._clock = clock
        self._changed = changed
        self._known = self._load()

    def is_reference(self, secret: str) -> bool:
        """Returns whether a secret is a reference: its scheme is an installed manager."""
        scheme, colon, _ = secret.partition(":")
        return bool(colon) and scheme in self._schemes

    def check(self, reference: str) -> None:
        """Raises `InvalidRequest` for a reference that cannot be one."""
        scheme, _, name = reference.partition(":")
        try:
            problem = self._managers.get(scheme).problem_of(name)
        except PenstockError as error:
            problem = error.sentence()
        if problem:
            raise InvalidRequest(problem, param="api_key")

    def value_of(self, secret: str) -> str:
        """Returns a secret itself, or the last value of a reference; empty without one."""
        if not self.is_reference(secret):
            return secret
        known = self._known.get(secret)
        return known.value if known is not None else ""

    def versions_of(self, secret: str) -> dict[str, str]:
        """Returns the last value of a reference and the one before, by a suffix for the id of the
        secret, from which nobody learns the value. A section may have the id before it changed, so
        both are published. A secret that is no reference has no suffix."""
        if not self.is_reference(secret):
            return {"": secret}
        known = self._known.get(secret) or ResolvedReference()
        texts = (known.value, known.previous) if known.previous else (known.value,)
        return {f".{keyed_digest(self._key, text)[:16]}": text for text in texts}

    async def run(self, listed: Callable[[], Sequence[str]]) -> None:
        """Reads the references that `listed` returns, until cancelled."""
        while True:
            try:
                wanted = await asyncio.to_thread(listed)
            except Exception:  # noqa: BLE001 - worker loop: the database may be away for a while
                _log.exception("The references to secrets could not be listed")
            else:
                await self.refresh(wanted, self._clock.monotonic())
            await asyncio.sleep(LOOK_S)

    async def refresh(self, wanted: Sequence[str], now_s: float) -> None:
        """Reads the references that are due, and forgets those that nobody uses any more."""
        self._known = {each: self._known.get(each) or ResolvedReference() for each in wanted}
        due = [each for each, known in self._known.items() if known.due_s <= now_s]
        changed = False
        for at in range(0, len(due), MAX_AT_ONCE):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._read(each)) for each in due[at : at + MAX_AT_ONCE]]
            changed |= any(task.result() for task in tasks)
        for each in due:
            self._known[each].due_s = now_s + REFRESH_S
        if changed:
            await asyncio.to_thread(self._save)
            self._changed()

    def notices(self) -> list[str]:
        """Returns a sentence for each reference that cannot be read."""
        return [
            f"The secret {reference} cannot be read: {known.problem} {_state(known)}"
            for reference, known in self._known.items()
            if known.problem
        ]

    def gauges(self) -> Mapping[str, tuple[str, float]]:
        """Returns name → (help, value)."""
        failing = sum(bool(known.problem) for known in self._known.values())
        return {
            "secret_references": ("Credentials of secrets managers.", len(self._known)),
            "secret_references_failing": ("Those that cannot be read now.", failing),
        }

    async def _read(self, reference: str) -> bool:
        """Returns whether the value has changed."""
        known = self._known[reference]
        scheme, _, name = reference.partition(":")
        now = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC)
        try:
            manager = self._managers.get(scheme)
            # In a thread: a signature may take 40 ms.
            request = await asyncio.to_thread(manager.request, name, self._variable, now)
            request = await self._tokens.add_to(request, scheme, manager, now)
            answer = await self._fetch(
                request, timeout_s=_TIMEOUT_S, private_allowed=True, max_bytes=MAX_ANSWER_BYTES
            )
            if answer.status == HTTPStatus.UNAUTHORIZED:
                self._tokens.forget(scheme)
            value = clean_secret(manager.read(name, answer).strip())
        except PenstockError as error:
            if known.problem != error.sentence():
                _log.warning("The secret %s cannot be read: %s", reference, error.sentence())
            known.problem = error.sentence()
            return False
        changed = value != known.value
        if changed:
            known.previous, known.value = known.value, value
        known.read_s, known.problem = now.timestamp(), ""
        return changed

    def _save(self) -> None:
        values = {each: (k.value, k.read_s) for each, k in self._known.items() if k.value}
        try:
            write_private(self._file, self._sealer.seal(msgspec.json.encode(values), _CONTEXT))
        except OSError as error:
            _log.warning("The last values of secrets are not kept over a restart: %s", error)

    def _load(self) -> dict[str, ResolvedReference]:
        try:
            stored = _VALUES.decode(self._sealer.open(self._file.read_bytes(), _CONTEXT))
        except (OSError, SealBroken, msgspec.DecodeError):
            return {}  # nothing stored yet, or of another installation
        return {
            each: ResolvedReference(value, read_s=read_s)
            for each, (value, read_s) in stored.items()
        }


def _state(known: ResolvedReference) -> str:
    if not known.value:
        return "There is no value yet."
    moment = datetime.fromtimestamp(known.read_s, UTC).isoformat(timespec="seconds")
    return f"Its value of {moment} stays in use."
