"""Plugins by entry point, imported when they are first asked for; ours by the same door."""

from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar, cast

from penstock.kernel.errors import NotFound

Plugin = TypeVar("Plugin")


class Registry(Generic[Plugin]):
    """The plugins of one group. An entry point names a function without arguments."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._made: dict[str, Plugin] = {}

    def get(self, kind: str) -> Plugin:
        """The one instance of `kind`. `NotFound` names those that are installed."""
        made = self._made.get(kind)
        if made is None:
            made = self._made[kind] = self._make(kind)
        return made

    def names(self) -> tuple[str, ...]:
        """The installed kinds, sorted."""
        return tuple(sorted({entry.name for entry in entry_points(group=self._group)}))

    def _make(self, kind: str) -> Plugin:
        for entry in entry_points(group=self._group, name=kind):
            create: Any = entry.load()
            return cast("Plugin", create())
        raise NotFound(
            f"No plugin {kind!r} in {self._group}.",
            hint=f"Installed are: {', '.join(self.names()) or 'none'}.",
        )
