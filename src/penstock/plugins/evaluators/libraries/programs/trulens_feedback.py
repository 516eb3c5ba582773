"""Measures with TruLens: feedback functions of its providers of language models."""

import json
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

_UNREADABLE = -1.0  # for an answer of the judge without a score


def measure(job: LibraryJob, models: Models) -> LibraryResult:
    """Returns the score of the feedback function of the target."""
    function = getattr(_provider(models), job.target)
    accepted = signature(function).parameters
    given = dict(job.parameters)
    if "groundedness_configs" in accepted:  # the tokenizer of sentences would be downloaded
        feedback: Any = import_module("trulens.core.metric.metric")
        given["groundedness_configs"] = feedback.GroundednessConfigs(
            use_sent_tokenize=False, filter_trivial_statements=True
        )
    fields = {name: value for name, value in job.fields.items() if name in accepted}
    value, details = function(**fields, **given)
    reason = _reason(details)
    if reason.startswith("No non-trivial statements"):  # then TruLens says 0
        return LibraryResult(None, reason, "unmeasured")
    if value == _UNREADABLE:
        return LibraryResult(None, f"TruLens could not read the judge. {reason}", "judge_error")
    return number(value, reason)


def _reason(details: dict[str, Any]) -> str:
    """Some functions give one text, others a list with a text per statement."""
    found: Any = details.get("reason") or details.get("reasons") or ""
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str)


def _provider(models: Models) -> Any:
    endpoint: Any = import_module("trulens.core.feedback.endpoint")
    base: Any = import_module("trulens.feedback.llm_provider").LLMProvider

    class GatewayProvider(base):
        model_engine: str = "penstock"

        def _create_chat_completion(
            self,
            prompt: str | None = None,
            messages: Any = None,
            response_format: Any = None,
            **kwargs: Any,
        ) -> str:
            del kwargs
            asked = messages or [{"role": "user", "content": prompt}]
            if response_format is None:
                return models.text(asked)
            return models.document(asked, response_format).model_dump_json()

    own = endpoint.Endpoint(name="penstock", rpm=60_000, retries=0)
    return GatewayProvider(endpoint=own)


if __name__ == "__main__":
    serve("TruLens", measure)
