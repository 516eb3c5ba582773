"""Where the gateway is, what is behind it, and what all suites ask."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

GATEWAY = os.environ["PENSTOCK_GATEWAY"]
KEY = os.environ["PENSTOCK_KEY"]
PROVIDERS = os.environ["PENSTOCK_BEHIND"].split(",")

HELLO = "Hello!"
# The simulator calls a tool that the question names, here twice, with the number as argument.
QUESTION = "What is the value of magic of input 3?"
TWICE = f"{QUESTION}\nx-sim-tool-calls: 2"
# It fills a schema with the quoted name and the number.
DESCRIBE = 'Describe the city "Köln" with 1086000 inhabitants.'


@dataclass(frozen=True)
class Over:
    """A client (a row of the table) over a provider (a column)."""

    row: str
    provider: str

    @property
    def model(self) -> str:
        return f"{self.provider}/sim-small"

    def __str__(self) -> str:
        return f"{self.row} over {self.provider}"


def each(*rows: str) -> Iterator[Over]:
    """Each client over each provider."""
    return (Over(row, provider) for row in rows for provider in PROVIDERS)


class Magic:
    """A tool, and the arguments that it was called with."""

    def __init__(self) -> None:
        self.inputs: list[int] = []

    def magic(self, input: int) -> int:  # noqa: A002 - the name that the question has
        """Applies a magic function to an input."""
        self.inputs.append(input)
        return input + 2

    def check(self, text: str) -> None:
        """Both parallel calls arrived, and the answer after their results has text."""
        assert len(self.inputs) == 2
        assert 3 in self.inputs
        assert text
