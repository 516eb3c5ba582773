"""Measures by the name of an evaluator, for tests."""

from typing import Any, Final

from penstock.infra.registry import Registry
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.samples import Sample
from penstock.spi.evaluator import Evaluator, JudgeModels
from penstock.spi.measuring import measure
from plugins.evaluators.judges import NobodyAnswers

REGISTRY: Final[Registry[Evaluator]] = Registry("penstock.evaluators")


async def measured(
    kind: str, sample: Sample, judges: JudgeModels | None = None, **options: Any
) -> Measurement:
    found = REGISTRY.get(kind)
    assert found.problem_of(options) == ""
    return await measure(found, sample, options, judges or NobodyAnswers())


async def value_of(
    kind: str,
    output: str,
    expected: Any = None,
    *,
    judges: JudgeModels | None = None,
    sample: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """The value, or the state if there is none."""
    found = await measured(
        kind, Sample("item", output=output, expected=expected, **(sample or {})), judges, **options
    )
    return found.state if found.value is None else found.value
