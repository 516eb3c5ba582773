"""The root of a snapshot, and the sealed document with its secrets.

Secrets are in a separate document, so that no digest depends on a secret. A breaking change
increments `SNAPSHOT_SCHEMA`.
"""

from typing import Final

from penstock.kernel.digests import content_hash
from penstock.rules.document import Document

# 2: prices of images, web searches and cache writes for an hour. 3: of seconds and rerankings.
# 4: guardrail policies, which an older gateway would not enforce
SNAPSHOT_SCHEMA: Final = 4
# The sealed document is encrypted under `derive_key(gateway token, SEALED_PURPOSE)`.
SEALED_PURPOSE: Final = "penstock snapshot sealed v1"


class Root(Document, frozen=True):
    """Section name → content hash. `kinds.KINDS` defines the names."""

    sections: dict[str, str]
    schema: int = SNAPSHOT_SCHEMA

    @property
    def digest(self) -> str:
        """The digest by which call records name the snapshot that governed them."""
        return content_hash(self)


class Sealed(Document, frozen=True):
    """The secrets, encrypted under the gateway token: the key pepper and provider secrets."""

    pepper: str  # hex
    secrets: dict[str, str] = {}  # noqa: RUF012 - msgspec copies the default
