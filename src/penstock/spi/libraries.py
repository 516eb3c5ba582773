"""The interface of evaluators that run a library in a process of its own."""

from typing import Protocol, runtime_checkable

from penstock.spi.evaluator import Evaluator


@runtime_checkable
class LibraryUser(Protocol):
    """An evaluator that starts a Python that has a library; the worker tells it which."""

    def with_python(self, python: str) -> Evaluator:
        """Returns the evaluator with another Python."""
        ...
