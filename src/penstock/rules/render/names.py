"""The names that a template uses, and those that it sets itself."""

from typing import Final

from penstock.rules.render.errors import RenderFailure

RESERVED: Final = frozenset(
    [
        "loop",
        "range",
        "true",
        "false",
        "none",
        "True",
        "False",
        "None",
        "self",
        "super",
        "caller",
        "varargs",
        "kwargs",
        "namespace",
        "cycler",
        "joiner",
        "lipsum",
        "dict",
    ]
)


class Names:
    """Follows the scopes of a template while it is translated. `used` are the names that must come
    from outside, with the line of their first use; `loops` is the number of open loops."""

    def __init__(self) -> None:
        self.used: dict[str, int] = {}
        self.loops = 0
        self._scopes: list[set[str]] = [set()]

    def use(self, name: str, line: int) -> None:
        """Adds a use of a name."""
        if name in RESERVED:
            raise RenderFailure(f"`{name}` is not a variable.")
        if not any(name in scope for scope in self._scopes):
            self.used.setdefault(name, line)

    def bind(self, name: str) -> None:
        """Adds a name that the template sets in the present scope."""
        if name in RESERVED:
            raise RenderFailure(f"`{name}` cannot be set.")
        self._scopes[-1].add(name)

    def bound(self) -> frozenset[str]:
        """Returns all names that the template has set here."""
        return frozenset(name for scope in self._scopes for name in scope)

    def open(self) -> None:
        """Begins a scope."""
        self._scopes.append(set())

    def close(self) -> None:
        """Ends a scope."""
        self._scopes.pop()
