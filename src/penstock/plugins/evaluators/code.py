"""Evaluators of generated code: static security findings, and the item's own tests in a sandbox."""

from collections.abc import Mapping
from typing import Annotated, Final

from msgspec import Meta

from penstock.rules.evaluation.code_security import RULE_NAMES, security_findings
from penstock.rules.evaluation.measurements import (
    Measurement,
    infrastructure_error,
    scored,
    unmeasured,
)
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.texts import unfenced
from penstock.spi.evaluator import Evaluator, JudgeModels
from penstock.spi.function_evaluator import EvaluatorOptions, FunctionEvaluator, evaluator
from penstock.spi.sandbox import Sandbox, SandboxResult

MAX_SOURCE_CHARS: Final = 200_000  # of code that is looked at or tested; more is unmeasured
_CANNOT_START: Final = frozenset((125, 126, 127))  # of containers and shells, not of tests
_OUTPUT_CHARS: Final = 1000  # of a command's output in the reason
_NO_SANDBOX: Final = (
    "No sandbox is configured, and code never runs outside of one: the operator sets "
    "evaluation.sandbox_command (docs/evaluators.md)."
)


class SecurityOptions(EvaluatorOptions, frozen=True):
    """`count`: the number of findings, instead of whether there are none. `ignored`: rules that do
    not count."""

    count: bool = False
    ignored: Annotated[tuple[str, ...], Meta(max_length=50)] = ()

    def problem(self) -> str:
        """The rules are known."""
        unknown = sorted(set(self.ignored) - set(RULE_NAMES))
        return f"No rule {unknown[0]!r}: {', '.join(RULE_NAMES)}." if unknown else ""


def _facts(options: SecurityOptions) -> MetricFacts:
    if options.count:
        return MetricFacts(MetricKind.MEAN, higher_is_better=False, least=0, unit="findings")
    return MetricFacts(MetricKind.RATE)


@evaluator(_facts, SecurityOptions)
def code_security(sample: Sample, options: SecurityOptions) -> Measurement:
    """The Python code of the answer has no static security finding: eval, shells, pickle, YAML,
    weak hashes and ciphers, secrets, SQL of texts, TLS that is not verified, and others. It is not
    run.

    Weaknesses are named by their CWE numbers (MITRE, Common Weakness Enumeration)."""
    source = unfenced(sample.output)
    if len(source) > MAX_SOURCE_CHARS:
        return unmeasured(f"The answer has more than {MAX_SOURCE_CHARS} characters.")
    if not source.strip():
        return unmeasured("The answer has no code.")
    try:
        found = security_findings(source)
    except ValueError as error:
        return unmeasured(f"Its security is not known: {error}.")
    counted = [each for each in found if each.rule not in options.ignored]
    reason = " ".join(f"{each.message} (CWE-{each.cwe})" for each in counted)
    details = [each._asdict() for each in counted]
    return scored(len(counted) if options.count else not counted, reason, findings=details)


class ItemTestsOptions(EvaluatorOptions, frozen=True):
    """`field`: the member of the item's metadata with the tests, as a text. `answer` and `tests`
    are the names of the files that the sandbox command finds."""

    field: Annotated[str, Meta(min_length=1, max_length=100)] = "tests"
    answer: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")] = "answer.py"
    tests: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")] = "tests.py"

    def problem(self) -> str:
        """The files have different names."""
        return "`answer` and `tests` are the same file." if self.answer == self.tests else ""


class ItemTests(FunctionEvaluator[ItemTestsOptions]):
    """`spi.sandbox.SandboxedEvaluator`: without a sandbox everything is unmeasured."""

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        async def run(
            sample: Sample, options: ItemTestsOptions, judges: JudgeModels
        ) -> Measurement:
            del judges
            if sandbox is None:
                return unmeasured(_NO_SANDBOX)
            return await _tested(sample, options, sandbox)

        text = (
            "The code of the answer passes the item's own tests, in the sandbox that the operator "
            "configured. Without one it is unmeasured: code never runs elsewhere."
        )
        super().__init__(run, MetricFacts(MetricKind.RATE), ItemTestsOptions, text)

    def within(self, sandbox: Sandbox) -> Evaluator:
        """Returns the evaluator with a sandbox."""
        return ItemTests(sandbox)


def item_tests() -> ItemTests:
    """Returns the evaluator, without a sandbox."""
    return ItemTests()


async def _tested(sample: Sample, options: ItemTestsOptions, sandbox: Sandbox) -> Measurement:
    tests = sample.metadata.get(options.field)
    if not isinstance(tests, str) or not tests.strip():
        return unmeasured(f"The item has no tests: metadata.{options.field} is a text with them.")
    source = unfenced(sample.output)
    if not source.strip():
        return unmeasured("The answer has no code.")
    if len(source) + len(tests) > MAX_SOURCE_CHARS:
        return unmeasured(f"Code and tests have more than {MAX_SOURCE_CHARS} characters.")
    files: Mapping[str, str] = {options.answer: source, options.tests: tests}
    return _judged(await sandbox.run(files))


def _judged(result: SandboxResult) -> Measurement:
    output = result.output[-_OUTPUT_CHARS:].strip()
    if result.exit_code is None:
        return scored(False, f"It took too long, or wrote too much. {output}")  # noqa: FBT003 - a value
    if result.exit_code in _CANNOT_START:
        return infrastructure_error(f"The sandbox ended with {result.exit_code}: {output}")
    passed = result.exit_code == 0
    return scored(passed, "" if passed else f"Exit code {result.exit_code}. {output}")
