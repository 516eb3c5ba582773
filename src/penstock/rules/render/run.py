"""The state of one rendering: its variables, its output, and what it may still use."""

from collections.abc import Callable
from typing import Final, cast

from penstock.rules.render.errors import RenderFailure

MAX_STEPS: Final = 50_000  # of one rendering, all messages and partials together; then an error
MAX_OUTPUT_CHARS: Final = 1_000_000  # that one rendering writes or makes on the way; then an error
MAX_INTEGER: Final = 2**63  # of a number in a template; larger ones are an error
_CHARS_PER_STEP: Final = 64  # of text that is searched or compared

_LIMIT: Final = "render_limit"


class Missing:
    """The value of a name or member that does not exist. Only `is defined`, `is undefined` and
    `default` accept it."""

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what


class Run:
    """The state of one rendering. Scopes are searched from the last to the first."""

    __slots__ = ("_chars", "_steps", "loops", "output", "scopes")

    def __init__(self, variables: dict[str, object]) -> None:
        self.scopes: list[dict[str, object]] = [variables, {}]
        self.loops: list[dict[str, object]] = []
        self.output: list[str] = []
        self._steps = MAX_STEPS
        self._chars = MAX_OUTPUT_CHARS

    def find(self, name: str) -> object:
        """Returns the value of a variable."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return Missing(f"`{name}`")

    def write(self, text: str) -> None:
        """Appends to the output."""
        self.make(len(text))
        self.output.append(text)

    def taken(self) -> str:
        """Returns the output so far, and begins with an empty one."""
        text = "".join(self.output)
        self.output.clear()
        return text

    def step(self, count: int = 1) -> None:
        """Counts steps. Raises `RenderFailure` above the limit."""
        self._steps -= count
        if self._steps < 0:
            raise RenderFailure(
                f"The template needs more than {MAX_STEPS:,} steps.",
                "Give it shorter lists, or use fewer loops.",
                _LIMIT,
            )

    def make(self, chars: int) -> None:
        """Counts characters that are made. Raises `RenderFailure` above the limit."""
        self.allow(chars)
        self._chars -= chars

    def allow(self, chars: int) -> None:
        """Checks that characters may be made. Raises `RenderFailure` above the limit."""
        if chars > self._chars:
            raise RenderFailure(
                f"The template makes more than {MAX_OUTPUT_CHARS:,} characters.",
                "Give it shorter values.",
                _LIMIT,
            )

    def weigh(self, *values: object) -> None:
        """Counts the steps of reading values completely. Raises `RenderFailure` above the limit."""
        waiting = list(values)
        while waiting:
            value = waiting.pop()
            self.step()
            match value:
                case str():
                    self.step(len(value) // _CHARS_PER_STEP)
                case list() | tuple():
                    items = cast("list[object]", value)
                    self.step(len(items))
                    waiting.extend(items)
                case dict():
                    members = cast("dict[object, object]", value)
                    self.step(2 * len(members))
                    waiting.extend(members)
                    waiting.extend(members.values())
                case _:
                    pass

    def text(self, value: object) -> str:
        """Returns a value as a template prints it."""
        if isinstance(value, str):
            return value
        if type(value) in (list, tuple, dict):
            self.weigh(value)
        made = str(known(value))
        self.make(len(made))
        return made


Expression = Callable[[Run], object]
Statement = Callable[[Run], None]


def known(value: object) -> object:
    """Returns a value that exists. Raises `RenderFailure`."""
    if isinstance(value, Missing):
        raise RenderFailure(
            f"{value.what} does not exist.", "Give it a value, or use the filter `default`."
        )
    return value


def truth(value: object) -> bool:
    """Returns a value as a condition. Raises `RenderFailure` if it does not exist."""
    return bool(known(value))


def bounded(value: object) -> object:
    """Returns a result that is not too large a number. Raises `RenderFailure`."""
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise RenderFailure("A number becomes too large.")
    return value


def member(value: object, name: object) -> object:
    """Returns a member of an object, or an item of a list or string."""
    found = known(value)
    if isinstance(found, dict):
        members = cast("dict[object, object]", found)
        if isinstance(name, str | int | float | bool) and name in members:
            return members[name]
    elif isinstance(found, list | tuple | str) and isinstance(name, int):
        items = cast("list[object]", found)
        if -len(items) <= name < len(items):
            return items[name]
    return Missing(f"The member {name!r}")


def items_of(run: Run, value: object) -> list[object]:
    """Returns the items of a list, the names of an object, or the characters of a string."""
    found = known(value)
    if not isinstance(found, list | tuple | dict | str):
        raise RenderFailure(f"{_kind(found)} has no items.")
    run.step(len(cast("list[object]", found)))
    return list(cast("list[object]", found))


def _kind(value: object) -> str:
    match value:
        case bool():
            return "A boolean"
        case int() | float():
            return "A number"
        case _:
            return "None"
