"""A kind of section: its names, its document, and the value that is built from the document."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from penstock.rules.document import Document

D = TypeVar("D", bound=Document)
B = TypeVar("B")


class SecretUse(NamedTuple):
    """A secret that a section needs: its id in `Sealed.secrets`, and what uses it."""

    id: str
    used_by: str


def _no_secrets(_: object) -> Iterable[SecretUse]:
    return ()


@dataclass(frozen=True, slots=True)
class SectionKind(Generic[D, B]):
    """Declares a kind of section.

    A section of a project is named `<project_id>/<label>`, or `<project_id>/<label>/<part>` if
    its source splits it. A shared section, for all projects, is named `<label>/<owner>`.
    `build` turns the document into a value of the type `built`.
    """

    label: str
    document: type[D]
    built: type[B]
    build: Callable[[D], B]
    shared: bool = False
    secrets: Callable[[B], Iterable[SecretUse]] = _no_secrets

    @property
    def has_secrets(self) -> bool:
        """Returns whether sections of this kind may need secrets."""
        return self.secrets is not _no_secrets

    def name(self, owner: str, part: str = "") -> str:
        """Returns the name of the section of a project, or of a shared section."""
        name = f"{self.label}/{owner}" if self.shared else f"{owner}/{self.label}"
        return f"{name}/{part}" if part else name

    def owner(self, name: str) -> str | None:
        """Returns the owner in a section name; `None` for a section of another kind."""
        head, _, rest = name.partition("/")
        if self.shared:
            return rest if head == self.label else None
        return head if rest.partition("/")[0] == self.label else None

    def read(self, raw: bytes) -> B:
        """Decodes and builds a section. Raises `msgspec.DecodeError`."""
        return self.build(msgspec.json.decode(raw, type=self.document))

    def find(self, sections: Mapping[str, object], owner: str, part: str = "") -> B | None:
        """Returns the built section of an owner, or a part of it, from sections by name."""
        section = sections.get(self.name(owner, part))
        return section if isinstance(section, self.built) else None

    def all(self, sections: Mapping[str, object]) -> Iterator[tuple[str, B]]:
        """Yields owner and built section of this kind, from sections by name."""
        for name, section in sections.items():
            if isinstance(section, self.built) and (owner := self.owner(name)) is not None:
                yield owner, section


def plain_section(
    label: str,
    document: type[D],
    *,
    shared: bool = False,
    secrets: Callable[[D], Iterable[SecretUse]] = _no_secrets,
) -> SectionKind[D, D]:
    """Declares a kind of section that is used as it is decoded."""
    return SectionKind(label, document, document, _itself, shared, secrets)


def _itself(document: D) -> D:
    return document


class SectionSource(Protocol):
    """A producer of sections on the server, such as a vertical."""

    def documents(self) -> Mapping[str, Document]:
        """Returns the documents by section name, read from the store."""
        ...

    def secrets(self) -> Mapping[str, str]:
        """Returns the secrets that the sections need, by id."""
        ...
