"""Measures a sample: whatever an evaluator does, a measurement comes back."""

import asyncio
from typing import Final

from penstock.kernel.errors import PenstockError
from penstock.rules.evaluation.measurements import (
    Measurement,
    infrastructure_error,
    judge_error,
    unmeasured,
)
from penstock.rules.evaluation.samples import Sample
from penstock.spi.evaluator import Evaluator, JudgeModels, Options

MAX_MEASURE_SECONDS: Final = 120.0  # of one measurement with all questions to its judges


async def measure(
    evaluator: Evaluator,
    sample: Sample,
    options: Options,
    judges: JudgeModels,
    *,
    seconds: float = MAX_MEASURE_SECONDS,
) -> Measurement:
    """Returns the measurement of a sample. The options have no problem.

    `unmeasured` without a field that the metric needs; `infrastructure_error` if a judge does not
    answer, a cap is reached, or it takes more than `seconds`; `judge_error` if the evaluator
    raises.
    """
    try:
        if lacking := sample.missing(evaluator.facts(options).needs):
            return unmeasured(f"The sample has no {', no '.join(lacking)}.")
        async with asyncio.timeout(seconds):
            return await evaluator.measure(sample, options, judges)
    except TimeoutError:
        return infrastructure_error(f"The evaluator took more than {seconds:g} seconds.")
    except PenstockError as error:
        return infrastructure_error(error.sentence())
    except Exception as error:  # noqa: BLE001 - evaluators are plugins; an error is a state
        return judge_error(f"The evaluator raised {type(error).__name__}: {error}")
