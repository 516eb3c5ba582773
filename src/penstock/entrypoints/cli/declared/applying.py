"""Applies a plan by the REST API, one change after the other."""

from collections.abc import Callable, Sequence

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.declared.model import ConfigurationPlan, ObjectChange
from penstock.kernel.errors import PenstockError

Report = Callable[[str], None]


def apply_plan(api: Api, plan: ConfigurationPlan, done: Report, warn: Report) -> None:
    """Makes all changes in order, and says each one that is complete. A failed request ends it with
    an error of the same kind that says what was applied."""
    changes = plan.pending
    for number, change in enumerate(changes):
        for step, request in enumerate(change.steps):
            try:
                answer = api.call(request.method, request.path, request.body)
            except PenstockError as error:
                if not request.optional:
                    raise _stopped(error, changes, number, step) from error
                warn(f"{change.noun} {change.name}: {error.sentence()}")
                continue
            if request.optional and not answer["ok"]:
                warn(f"{change.noun} {change.name}: {answer['problem']}")
        done(f"{change.action.value}: {change.noun} {change.name}")


def _stopped(
    error: PenstockError, changes: Sequence[ObjectChange], number: int, step: int
) -> PenstockError:
    change = changes[number]
    partly = f" {change.noun} {change.name} was changed in part." if step else ""
    return type(error)(
        f"{change.noun} {change.name}: {error.message}",
        hint=f"{error.hint} {number} of {len(changes)} changes were applied.{partly} Run the same "
        "command again to go on.".lstrip(),
        code=error.code,
    )
