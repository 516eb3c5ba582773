"""Plugins by entry point, imported on first use. Built-in plugins use entry points too."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar, cast

from penstock.kernel.errors import NotFound

Plugin = TypeVar("Plugin")


class Registry(Generic[Plugin]):
    """The plugins of one group. An entry point names a function without arguments."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._made: dict[str, Plugin] = {}

    def get(self, kind: str) -> Plugin:
        """Returns the only instance of `kind`. Raises `NotFound` with the installed kinds."""
        made = self._made.get(kind)
        if made is None:
            made = self._made[kind] = self._make(kind)
        return made

    def names(self) -> tuple[str, ...]:
        """Returns the installed kinds, sorted."""
        return tuple(sorted({entry.name for entry in entry_points(group=self._group)}))

    def _make(self, kind: str) -> Plugin:
        for entry in entry_points(group=self._group, name=kind):
            try:
                create: Any = entry.load()
            except ImportError as error:
                raise NotFound(
                    f"The plugin {kind!r} needs a package that is not installed: {error.name}.",
                    hint=f"Install it: pip install {_requirement(entry, error.name or kind)}.",
                    code="plugin_incomplete",
                ) from error
            return cast("Plugin", create())
        raise NotFound(
            f"No plugin {kind!r} in {self._group}.",
            hint=f"Installed: {', '.join(self.names()) or 'none'}.",
        )


def _requirement(entry: EntryPoint, module: str) -> str:
    """Returns what pip installs for a plugin: the extra with its name, or the missing package."""
    owner = entry.dist
    if owner is not None and entry.name in (owner.metadata.get_all("Provides-Extra") or ()):
        return f"'{owner.name}[{entry.name}]'"
    return module.partition(".")[0]
