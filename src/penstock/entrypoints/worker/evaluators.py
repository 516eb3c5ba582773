"""The evaluators of a process, with the operator's programs that some of them need."""

from functools import cache

from penstock.features.evaluations.assembly import EVALUATORS
from penstock.features.evaluations.model import EvaluatorPrograms, FindEvaluator
from penstock.infra.registry import Registry
from penstock.infra.sandbox import SandboxCommand
from penstock.spi.evaluator import Evaluator
from penstock.spi.libraries import LibraryUser
from penstock.spi.sandbox import SandboxedEvaluator


def find_evaluator(programs: EvaluatorPrograms) -> FindEvaluator:
    """Returns what finds evaluators; those that run code get the operator's sandbox, those that use
    a library the Python that has it."""
    evaluators: Registry[Evaluator] = Registry(EVALUATORS)
    command, python = programs.sandbox_command, programs.libraries_python
    sandbox = SandboxCommand(command, programs.sandbox_timeout_s) if command else None

    @cache
    def find(kind: str) -> Evaluator:
        found = evaluators.get(kind)
        if sandbox is not None and isinstance(found, SandboxedEvaluator):
            return found.within(sandbox)
        if python and isinstance(found, LibraryUser):
            return found.with_python(python)
        return found

    return find
