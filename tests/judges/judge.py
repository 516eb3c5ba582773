"""What an official client says for each call, and how our request may differ from it."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

from checks.judges import JudgedRequests, read_judges
from penstock.spi.chat import ChatProvider, ProviderConfig

SECRET = "AKIDJUDGE:secret-of-the-judge"


class Passed(NamedTuple):
    """A call that our plugin passes as bytes, of a surface of the vendor's dialect."""

    operation: str
    method: str
    arguments: Mapping[str, Any]
    dialect: str = ""


@dataclass(frozen=True)
class Judge:
    """One official client. `methods` are those for a whole answer and for a stream, `headers` those
    that both requests must have with the same value, `base` the path of the provider's base URL.
    `calls` has the arguments of each call; None if the vendor has no such thing. `reading` brings
    spellings that the vendor reads alike into one.
    """

    name: str
    package: str
    plugin: ChatProvider
    model: str
    base: str
    methods: tuple[str, str]
    headers: tuple[str, ...]
    connect: Callable[[str], AbstractContextManager[Any]]
    error: type[Exception]
    calls: Mapping[str, Mapping[str, Any] | None]
    passed: Mapping[str, Passed] = field(default_factory=dict[str, Passed])
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])
    reading: Callable[[Any], Any] = lambda document: document

    def provider(self, address: str) -> ProviderConfig:
        """The provider as an admin would configure it."""
        return ProviderConfig("judged", address + self.base, SECRET, self.quirks)

    @property
    def listed(self) -> JudgedRequests:
        """The listed differences."""
        (found,) = (each for each in read_judges().requests if each.name == self.name)
        return found

    def send(self, address: str, method: str, arguments: Mapping[str, Any]) -> None:
        """Lets the client send one request; the recorder refuses it."""
        with self.connect(address) as client, suppress(self.error):
            answer = attrgetter(method)(client)(**arguments)
            if inspect.isgenerator(answer):
                next(answer, None)


def differences(theirs: Any, ours: Any) -> set[str]:
    """The places at which two JSON documents differ."""
    first, second = dict(_leaves(theirs)), dict(_leaves(ours))
    return {at for at in first.keys() | second.keys() if first.get(at, ...) != second.get(at, ...)}


def _leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{at}.{index}")
    else:
        yield at, value if not isinstance(value, bool) else str(value)
