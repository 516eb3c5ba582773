"""Measures with RAGAS: `ragas.metrics.collections`, whose metrics take any model that answers in
pydantic's forms."""

import asyncio
import inspect
from importlib import import_module
from typing import Any

from penstock.plugins.evaluators.libraries.programs.serving import (
    LibraryJob,
    LibraryResult,
    Models,
    number,
    serve,
)

_RATINGS = ("AnswerAccuracy", "ContextRelevance", "ResponseGroundedness")  # NaN: an unknown one


def measure(job: LibraryJob, models: Models) -> LibraryResult:
    """Returns the score of the metric whose class is the target."""
    metric_class = getattr(import_module("ragas.metrics.collections"), job.target)
    accepted = inspect.signature(metric_class.__init__).parameters
    given = dict(job.parameters)
    if "llm" in accepted:
        given["llm"] = _language_model(models)
    if "embeddings" in accepted and job.embeddings:
        given["embeddings"] = _embedding_model(models)
    metric = metric_class(**given)
    fields = {
        name: job.fields[name]
        for name in inspect.signature(metric.ascore).parameters
        if name in job.fields
    }
    found = asyncio.run(metric.ascore(**fields))
    result = number(found.value, found.reason)
    if result.value is None and job.target in _RATINGS:
        return LibraryResult(None, "The judge gave no rating that RAGAS knows.", "judge_error")
    return result


def _language_model(models: Models) -> Any:
    base: Any = import_module("ragas.llms.base").InstructorBaseRagasLLM

    class GatewayModel(base):
        def generate(self, prompt: str, response_model: Any) -> Any:
            return models.document([{"role": "user", "content": prompt}], response_model)

        async def agenerate(self, prompt: str, response_model: Any) -> Any:
            return self.generate(prompt, response_model)

    return GatewayModel()


def _embedding_model(models: Models) -> Any:
    base: Any = import_module("ragas.embeddings.base").BaseRagasEmbedding

    class GatewayEmbeddings(base):
        def embed_text(self, text: str, **kwargs: Any) -> list[float]:
            del kwargs
            return models.vectors([text])[0]

        async def aembed_text(self, text: str, **kwargs: Any) -> list[float]:
            return self.embed_text(text, **kwargs)

    return GatewayEmbeddings()


if __name__ == "__main__":
    serve("RAGAS", measure)
