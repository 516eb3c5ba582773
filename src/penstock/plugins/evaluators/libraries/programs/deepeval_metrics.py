"""Measures with DeepEval: metrics of one turn."""

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


def measure(job: LibraryJob, models: Models) -> LibraryResult:
    """Returns the score of the metric whose class is the target."""
    cases: Any = import_module("deepeval.test_case")
    metric_class = getattr(import_module("deepeval.metrics"), job.target)
    accepted = signature(metric_class.__init__).parameters
    given = dict(job.parameters)
    if "evaluation_params" in accepted:
        chosen = given.get("evaluation_params", ["input", "actual_output"])
        given["evaluation_params"] = [cases.SingleTurnParams(each) for each in chosen]
    if "model" in accepted:
        given |= {"model": _language_model(models), "async_mode": False}
    metric = metric_class(**given)
    metric.measure(cases.LLMTestCase(**job.fields), _show_indicator=False)
    if _empty(metric):
        return LibraryResult(None, "The judge found nothing to decide on.", "unmeasured")
    return number(metric.score, metric.reason)


def _empty(metric: Any) -> bool:
    """True if the judge decided nothing; then DeepEval gives 0 or 1."""
    if hasattr(metric, "verdicts_list"):
        return not any(each for found in metric.verdicts_list for each in found.verdicts)
    return hasattr(metric, "verdicts") and not any(metric.verdicts)


def _language_model(models: Models) -> Any:
    base: Any = import_module("deepeval.models").DeepEvalBaseLLM

    class GatewayModel(base):
        def load_model(self, *args: Any, **kwargs: Any) -> Any:
            del args, kwargs
            return self

        def generate(self, prompt: str, schema: Any = None) -> Any:
            messages = [{"role": "user", "content": prompt}]
            return models.text(messages) if schema is None else models.document(messages, schema)

        async def a_generate(self, prompt: str, schema: Any = None) -> Any:
            return self.generate(prompt, schema)

        def get_model_name(self, *args: Any, **kwargs: Any) -> str:
            del args, kwargs
            return "penstock"

    return GatewayModel()


if __name__ == "__main__":
    serve("DeepEval", measure)
