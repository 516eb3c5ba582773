"""`<project_id>/revoked_tokens`: client tokens that are revoked before their time."""

from dataclasses import dataclass
from typing import Final

from penstock.rules.document import Document
from penstock.rules.snapshot.section import SectionKind


class RevokedTokensSection(Document, frozen=True):
    """The ids of client tokens. Some may have expired since."""

    project_id: str
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RevokedTokens:
    """The same, to look one up."""

    ids: frozenset[str]


def _build(section: RevokedTokensSection) -> RevokedTokens:
    return RevokedTokens(frozenset(section.ids))


REVOKED_TOKENS: Final = SectionKind("revoked_tokens", RevokedTokensSection, RevokedTokens, _build)
