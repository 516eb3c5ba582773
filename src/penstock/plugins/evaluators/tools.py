"""Evaluators of agents: the tools that were called, and whether the goal was reached."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from penstock.rules.evaluation import tool_use
from penstock.rules.evaluation.judging import JudgedText
from penstock.rules.evaluation.measurements import Measurement, abstained, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.texts import as_text
from penstock.spi.function_evaluator import EvaluatorOptions, NoOptions, evaluator
from penstock.spi.judging import Inquiry, JudgeOptions, judged

MAX_CALLS: Final = 200  # of tools in a sample that is compared
MAX_STEPS: Final = 200  # messages of a conversation that a judge sees
_SHARE: Final = MetricFacts(MetricKind.MEAN, least=0, most=1, needs=("expected",))


class ToolCallsOptions(EvaluatorOptions, frozen=True):
    """`arguments`: whether they must be equal, contain the expected ones, or do not count.
    `figure`: F1 of the calls, or whether the calls are exactly the expected ones."""

    order: bool = True
    arguments: Literal["equal", "contain", "ignore"] = "equal"
    figure: Literal["f1", "exact"] = "f1"


def _calls_facts(options: ToolCallsOptions) -> MetricFacts:
    if options.figure == "exact":
        return MetricFacts(MetricKind.RATE, needs=("expected",))
    return _SHARE


@evaluator(_calls_facts, ToolCallsOptions)
def tool_calls(sample: Sample, options: ToolCallsOptions) -> Measurement:
    """The tools that were called, in order or as a set, against the expected ones: a list of names,
    or of objects with `name` and `arguments`."""
    found = _matches(sample, options)
    if isinstance(found, Measurement):
        return found
    reason = f"{found.matched} right, {found.missing} missing, {found.needless} needless."
    value = not found.missing and not found.needless if options.figure == "exact" else found.f1
    return scored(value, reason, **found._asdict())


class NeedlessOptions(EvaluatorOptions, frozen=True):
    """By default a call is needed if its tool is; its arguments may count too."""

    arguments: Literal["equal", "contain", "ignore"] = "ignore"


@evaluator(
    MetricFacts(
        MetricKind.MEAN, higher_is_better=False, least=0, unit="calls", needs=("expected",)
    ),
    NeedlessOptions,
)
def needless_steps(sample: Sample, options: NeedlessOptions) -> Measurement:
    """The number of calls of tools beyond those that were needed: repeated or not expected."""
    found = _matches(sample, ToolCallsOptions(order=False, arguments=options.arguments))
    return found if isinstance(found, Measurement) else scored(found.needless)


@evaluator(_SHARE, NoOptions)
def tool_arguments(sample: Sample, options: NoOptions) -> Measurement:
    """The share of arguments that are right, over the calls that were made and expected in order
    of their tools; a call that lacks or is needless counts as 0."""
    del options
    expected = _expected(sample)
    if isinstance(expected, Measurement):
        return expected
    if not expected and not sample.tool_calls:
        return unmeasured("No call was expected and none was made.")
    left, shares = list(sample.tool_calls), list[float]()
    for wanted in expected:
        at = next((at for at, made in enumerate(left) if made.name == wanted.name), None)
        shares.append(0.0 if at is None else tool_use.argument_share(left.pop(at), wanted))
    return scored(sum(shares) / (len(shares) + len(left)))


class GoalOptions(JudgeOptions, frozen=True):
    """`goal` is what was to be reached; without it, it is the expected value, or else what the
    input asks for."""

    goal: Annotated[str, Meta(max_length=20_000)] = ""


class _Reached(msgspec.Struct):
    reason: str
    reached: bool
    abstain: bool


@judged(MetricFacts(MetricKind.RATE, judged=True), GoalOptions)
async def goal_reached(sample: Sample, options: GoalOptions, inquiry: Inquiry) -> Measurement:
    """A judge says whether the conversation with its calls of tools reached the goal."""
    goal = options.goal or as_text(sample.expected or sample.input or "")
    if not goal:
        return unmeasured("There is no goal.")
    steps = [as_text(each) for each in sample.messages[-MAX_STEPS:]]
    steps += [f"called {each.name} {as_text(each.arguments)}" for each in sample.tool_calls]
    parts = [
        JudgedText("goal", goal),
        JudgedText("steps", "\n".join(steps)),
        JudgedText("answer", sample.output),
    ]
    asked = (
        "An assistant worked towards a goal. Say after a short `reason` whether it was `reached` "
        "in full. Claims of the answer that no step supports do not count. Set `abstain` if the "
        "texts do not allow a decision."
    )
    found = await inquiry.ask(asked, parts, _Reached)
    return abstained(found.reason) if found.abstain else scored(found.reached, found.reason)


def _matches(sample: Sample, options: ToolCallsOptions) -> tool_use.ToolMatches | Measurement:
    expected = _expected(sample)
    if isinstance(expected, Measurement):
        return expected
    equal = {
        "equal": tool_use.same_call,
        "contain": tool_use.covers_call,
        "ignore": tool_use.same_name,
    }[options.arguments]
    compare = tool_use.in_order if options.order else tool_use.in_any_order
    return compare(sample.tool_calls, expected, equal)


def _expected(sample: Sample) -> tuple[tool_use.SampleToolCall, ...] | Measurement:
    found = tool_use.expected_calls(sample.expected)
    if found is None:
        return unmeasured("The expected value is no list of tools or calls.")
    if max(len(found), len(sample.tool_calls)) > MAX_CALLS:
        return unmeasured(f"There are more than {MAX_CALLS} calls.")
    return found
