"""Passwords: made, hashed and checked, one at a time: each takes 32 MiB and a tenth of a second."""

import base64
from collections.abc import Callable
from threading import Lock
from typing import Final

from penstock.infra.crypto import hash_password, password_matches
from penstock.kernel.errors import InvalidRequest

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 200


class Passwords:
    """`entropy(n)` gives n random bytes; `cost` is what a guess must pay, see `hash_password`."""

    def __init__(self, entropy: Callable[[int], bytes], cost: int) -> None:
        self._entropy = entropy
        self._cost = cost
        self._one_at_a_time = Lock()
        self._nobody = ""

    def generate(self) -> str:
        """A new password of 24 characters: 120 random bits, easy to read aloud."""
        return base64.b32encode(self._entropy(15)).decode().lower()

    def hash(self, password: str) -> str:
        """What is stored; `InvalidRequest` if the password is too short or too long."""
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise InvalidRequest(
                f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.", param="password"
            )
        with self._one_at_a_time:
            return hash_password(password, self._entropy(16), cost=self._cost)

    def matches(self, password: str, stored: str | None) -> bool:
        """Whether the password is right. With nothing stored it is not, but takes as long, so
        that an answer's time does not tell which addresses exist."""
        with self._one_at_a_time:
            if stored is None:
                password_matches(password[:MAX_LENGTH], self._stored_for_nobody())
                return False
            return password_matches(password[:MAX_LENGTH], stored)

    def _stored_for_nobody(self) -> str:
        self._nobody = self._nobody or hash_password("nobody", self._entropy(16), cost=self._cost)
        return self._nobody
