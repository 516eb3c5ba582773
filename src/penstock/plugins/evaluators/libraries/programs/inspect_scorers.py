"""Measures with the scorers of Inspect."""

import asyncio
from importlib import import_module
from inspect import signature
from typing import Any

from penstock.plugins.evaluators.libraries.programs.serving import (
    LibraryJob,
    LibraryResult,
    Models,
    number,
    serve,
)

_VALUES = {"C": 1.0, "P": 0.5, "I": 0.0}


def measure(job: LibraryJob, models: Models) -> LibraryResult:
    """Returns the score of the scorer of the target."""
    scorers: Any = import_module("inspect_ai.scorer")
    factory = getattr(scorers, job.target)
    accepted = signature(factory).parameters
    given = dict(job.parameters)
    if "model" in accepted:
        given["model"] = _language_model(models)
    target = scorers.Target(job.fields["target"])
    return _result(asyncio.run(factory(**given)(_state(job, target), target)))


def _result(score: Any) -> LibraryResult:
    if score is None:
        return LibraryResult(None, "The scorer gave no score.", "unmeasured")
    reason = score.explanation or score.reason or ""
    if score.reason == "grader_failed":
        return LibraryResult(None, reason, "judge_error")
    if score.value == "N":
        return LibraryResult(
            None, reason or "The answer has none of the form that was asked for.", "abstained"
        )
    return number(
        _VALUES.get(score.value, score.value) if isinstance(score.value, str) else score.value,
        reason,
    )


def _state(job: LibraryJob, target: Any) -> Any:
    model: Any = import_module("inspect_ai.model")
    solver: Any = import_module("inspect_ai.solver")
    asked = job.fields.get("input", "")
    return solver.TaskState(
        model=model.ModelName("penstock/target"),
        sample_id="sample",
        epoch=1,
        input=asked,
        messages=[model.ChatMessageUser(content=asked)],
        target=target,
        output=model.ModelOutput.from_content("penstock/target", job.fields["output"]),
    )


def _language_model(models: Models) -> Any:
    model: Any = import_module("inspect_ai.model")

    @model.modelapi("penstock")
    class GatewayModel(model.ModelAPI):
        async def generate(self, input: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A002 - its name
            del args, kwargs
            said = models.text([{"role": each.role, "content": each.text} for each in input])
            return model.ModelOutput.from_content("penstock/judge", said)

    return model.Model(GatewayModel("judge"), model.GenerateConfig(max_retries=0))


if __name__ == "__main__":
    serve("Inspect", measure)
