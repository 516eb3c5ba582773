"""The interface of sandboxes: code of others runs in one, or not at all.

An evaluator that needs one is a `SandboxedEvaluator`; the worker gives it the sandbox that the
operator configured.
"""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from penstock.rules.document import Document
from penstock.spi.evaluator import Evaluator


class SandboxResult(Document, frozen=True):
    """The end of a command. `exit_code` is none if it took too long; `output` is its beginning."""

    exit_code: int | None
    output: str = ""


class Sandbox(Protocol):
    """Runs the operator's command on files."""

    async def run(self, files: Mapping[str, str]) -> SandboxResult:
        """Writes the files into an empty folder, and runs the command there. Raises
        `PenstockError` if it cannot be started."""
        ...


@runtime_checkable
class SandboxedEvaluator(Protocol):
    """An evaluator that runs code. Without a sandbox it measures nothing."""

    def within(self, sandbox: Sandbox) -> Evaluator:
        """Returns the evaluator with a sandbox."""
        ...
