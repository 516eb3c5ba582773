"""Reads values out of a configuration, and remembers what nobody has read."""

from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from penstock.kernel.errors import SetupError

_ENVIRONMENT: Final = "os.environ/"
Environment = Callable[[str], str]
"""Returns the value of an environment variable, empty if it is not set."""


class ConfigSection:
    """A mapping of the configuration, such as `router_settings`. `path` names it in messages."""

    def __init__(self, value: object, path: str, environment: Environment) -> None:
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise SetupError(f"{path} must be a mapping of names to values.")
        self._values = {str(name): each for name, each in cast("dict[Any, Any]", value).items()}
        self._unread = dict.fromkeys(self._values)
        self._environment = environment
        self.path = path

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def value(self, name: str) -> object:
        """Returns a value as it stands there; `None` if it is missing."""
        self._unread.pop(name, None)
        return self._values.get(name)

    def text(self, name: str) -> str:
        """Returns a text; `os.environ/NAME` is read from the environment. Empty if missing."""
        value = self.value(name)
        if value is None:
            return ""
        if isinstance(value, (dict, list)):
            raise SetupError(f"{self.path}.{name} must be a single value.".lstrip("."))
        text = str(value)
        if text.startswith(_ENVIRONMENT):
            return self._environment(text.removeprefix(_ENVIRONMENT))
        return text

    def missing_variable(self, name: str) -> str:
        """Returns the environment variable that the value names, if it is not set."""
        variable = str(self._values.get(name) or "").removeprefix(_ENVIRONMENT)
        named = str(self._values.get(name) or "").startswith(_ENVIRONMENT)
        return variable if named and not self._environment(variable) else ""

    def number(self, name: str) -> Decimal:
        """Returns a number, 0 if it is missing. Raises `SetupError` if it is none."""
        text = self.text(name) or "0"
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or number < 0:
            raise SetupError(f"{self.path}.{name} must be a number, not {text[:40]!r}.")
        return number

    def section(self, name: str) -> "ConfigSection":
        """Returns a mapping inside this one; empty if it is missing."""
        return ConfigSection(self.value(name), f"{self.path}.{name}".lstrip("."), self._environment)

    def sections(self, name: str) -> "list[ConfigSection]":
        """Returns a list of mappings."""
        path = f"{self.path}.{name}".lstrip(".")
        return [
            ConfigSection(each, f"{path}[{at}]", self._environment)
            for at, each in enumerate(self._list(name, path))
        ]

    def names_by_name(self, name: str) -> Iterator[tuple[str, list[str]]]:
        """Yields the pairs of a list like `[{"a": ["b", "c"]}]`, as fallbacks are written."""
        for each in self.sections(name):
            for key in list(each._values):  # noqa: SLF001 - of the same class
                yield key, each.names(key)

    def names(self, name: str) -> list[str]:
        """Returns a list of texts; other elements are left out."""
        path = f"{self.path}.{name}".lstrip(".")
        return [each for each in self._list(name, path) if isinstance(each, str)]

    def unread(self) -> list[str]:
        """Returns the names that nobody has read."""
        return list(self._unread)

    def _list(self, name: str, path: str) -> list[Any]:
        value = self.value(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise SetupError(f"{path} must be a list.")
        return cast("list[Any]", value)
