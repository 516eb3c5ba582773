"""What the catalog needs from other parts, as protocols."""

from typing import Protocol

from penstock.spi.chat import ChatProvider


class Kinds(Protocol):
    """The provider plugins, by kind."""

    def get(self, kind: str) -> ChatProvider: ...

    def names(self) -> tuple[str, ...]: ...
