"""Prints what each library gives for the cases, used as its documentation says; what each metric
takes; and whether those that report home say that they do not. It runs in the environment of the
libraries and has nothing of ours. Standard input names the metrics of each library."""

import asyncio
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import signature
from typing import Any

from cases import CASES, PASSAGES, QUESTION, Case

WHERE: dict[str, tuple[str, str]] = {
    "ragas": ("ragas.metrics.collections", ""),
    "deepeval": ("deepeval.metrics", ""),
    "trulens": ("trulens.feedback.llm_provider", "LLMProvider"),
    "inspect": ("inspect_ai.scorer", ""),
}


def ragas(case: Case) -> float:
    from ragas.llms.base import InstructorBaseRagasLLM  # lazy: one library after the other
    from ragas.metrics import collections  # lazy: one library after the other

    answers = iter(case.answers)

    class Scripted(InstructorBaseRagasLLM):
        def generate(self, prompt: str, response_model: Any) -> Any:
            return response_model.model_validate_json(next(answers))

        async def agenerate(self, prompt: str, response_model: Any) -> Any:
            return self.generate(prompt, response_model)

    llm = Scripted()
    scores = {
        "faithfulness": lambda: collections.Faithfulness(llm=llm).ascore(
            user_input=QUESTION, response=case.output, retrieved_contexts=list(PASSAGES)
        ),
        "context_precision": lambda: collections.ContextPrecision(llm=llm).ascore(
            user_input=QUESTION, reference=case.expected, retrieved_contexts=list(PASSAGES)
        ),
        "string_similarity": lambda: collections.NonLLMStringSimilarity().ascore(
            reference=case.expected, response=case.output
        ),
        "string_presence": lambda: collections.StringPresence().ascore(
            reference=case.expected, response=case.output
        ),
    }
    return asyncio.run(scores[case.name]()).value


def deepeval(case: Case) -> float:
    from deepeval import metrics  # lazy: one library after the other
    from deepeval.models import DeepEvalBaseLLM  # lazy: one library after the other
    from deepeval.test_case import (  # lazy: one library after the other
        LLMTestCase,
        SingleTurnParams,
    )

    answers = iter(case.answers)

    class Scripted(DeepEvalBaseLLM):
        def load_model(self) -> Any:
            return self

        def generate(self, prompt: str) -> str:  # DeepEval reads the JSON itself
            return next(answers)

        async def a_generate(self, prompt: str) -> str:
            return self.generate(prompt)

        def get_model_name(self) -> str:
            return "scripted"

    model = Scripted()
    made = {
        "faithfulness": lambda: metrics.FaithfulnessMetric(model=model, async_mode=False),
        "g_eval": lambda: metrics.GEval(
            **case.parameters,
            model=model,
            async_mode=False,
            evaluation_params=[SingleTurnParams.INPUT, SingleTurnParams.ACTUAL_OUTPUT],
        ),
        "pattern_match": lambda: metrics.PatternMatchMetric(**case.parameters),
        "exact_match": metrics.ExactMatchMetric,
    }
    metric = made[case.name]()
    test_case = LLMTestCase(
        input=QUESTION,
        actual_output=case.output,
        expected_output=case.expected,
        retrieval_context=list(PASSAGES),
    )
    metric.measure(test_case, _show_indicator=False)
    return metric.score


def trulens(case: Case) -> float:
    from trulens.core.feedback.endpoint import Endpoint  # lazy: one library after the other
    from trulens.core.metric.metric import GroundednessConfigs  # lazy: one library after the other
    from trulens.feedback.llm_provider import LLMProvider  # lazy: one library after the other

    answers = iter(case.answers)

    class Scripted(LLMProvider):
        model_engine: str = "scripted"

        def _create_chat_completion(self, prompt: Any = None, **kwargs: Any) -> str:
            return next(answers)

    provider = Scripted(endpoint=Endpoint(name="scripted"))
    if case.name == "relevance":
        return provider.relevance_with_cot_reasons(QUESTION, case.output)[0]
    configs = GroundednessConfigs(use_sent_tokenize=False, filter_trivial_statements=True)
    return provider.groundedness_measure_with_cot_reasons(
        "\n\n".join(PASSAGES), case.output, groundedness_configs=configs
    )[0]


def inspect(case: Case) -> float:
    from inspect_ai import Task, eval  # lazy: one library after the other  # noqa: A004 - its name
    from inspect_ai import scorer as scorers  # lazy: one library after the other
    from inspect_ai.dataset import Sample  # lazy: one library after the other
    from inspect_ai.model import ModelOutput, ModelUsage, get_model  # lazy: one after the other

    def output(text: str) -> Any:
        found = ModelOutput.from_content("mockllm/model", text)
        found.usage = ModelUsage()  # else Inspect downloads a tokenizer to count them
        return found

    def says(texts: tuple[str, ...]) -> Any:
        outputs = [output(text) for text in texts]
        return get_model("mockllm/model", custom_outputs=outputs, memoize=False)

    graded = {"model": says(case.answers)} if case.name.startswith("model_graded") else {}
    scorer = getattr(scorers, case.name)(**case.parameters, **graded)
    task = Task(dataset=[Sample(input=QUESTION, target=case.expected)], scorer=scorer)
    (log,) = eval(task, model=says((case.output,)), display="none", log_dir="logs")
    assert log.samples is not None, log.error
    (score,) = (log.samples[0].scores or {}).values()
    return scorers.value_to_float()(score.value)


def scores() -> Iterator[float]:
    for case in CASES:
        yield float(globals()[case.library](case))


def taken(library: str, name: str) -> list[str]:
    """The parameters of a metric, by its own name."""
    module, owner = WHERE[library]
    found: Any = import_module(module)
    found = getattr(getattr(found, owner) if owner else found, name)
    return list(signature(found).parameters)


def quiet() -> list[bool]:
    from deepeval.telemetry import telemetry_opt_out  # lazy: one library after the other
    from ragas._analytics import do_not_track  # lazy: one library after the other

    return [do_not_track(), telemetry_opt_out()]


def main() -> None:
    asked: dict[str, list[str]] = json.load(sys.stdin)
    parameters = {
        library: {name: taken(library, name) for name in names} for library, names in asked.items()
    }
    found = {"scores": list(scores()), "taken": parameters, "quiet": quiet()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
