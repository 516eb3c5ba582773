"""`penstock evaluator`: the installed evaluators; one measures a file of samples here."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.groups import add_group
from penstock.entrypoints.cli.output import show_json, show_list, show_record
from penstock.infra.registry import Registry
from penstock.kernel.errors import InvalidRequest, SetupError
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.summaries import summarize
from penstock.rules.scores.vocabulary import ScoreState
from penstock.rules.statistics.intervals import Interval, t_interval, wilson
from penstock.spi.evaluator import Evaluator, JudgeAnswer, JudgeQuestion, JudgeVectors
from penstock.spi.measuring import measure

GROUP: Final = "penstock.evaluators"
MAX_SAMPLES: Final = 100_000  # of a file that is measured here
MAX_LINE_BYTES: Final = 8 * 1024 * 1024  # of one sample
MAX_SHOWN: Final = 20  # samples that are shown to readers; all with --json
COLUMNS: Final = ("name", "summary")
SAMPLE_COLUMNS: Final = ("item_id", "state", "value", "reason")
Named = Annotated[str, typer.Argument(help="Name of the evaluator.")]


class NoJudges:
    """There are no models: judges measure in runs, within a project's budget."""

    async def ask(self, question: JudgeQuestion) -> JudgeAnswer:
        """Raises."""
        raise _no_judges(question.model)

    async def embed(self, model: str, texts: tuple[str, ...]) -> JudgeVectors:
        """Raises."""
        del texts
        raise _no_judges(model)


def register(app: typer.Typer, name: str, line: str) -> None:
    """Adds the command group."""
    add_group(app, name, line, {"list": list_evaluators, "show": show, "test": measure_file})


def list_evaluators(*, as_json: options.Json = False) -> None:
    """List the installed evaluators."""
    registry = _registry()
    rows = [
        {"name": name, "summary": registry.get(name).describe().summary}
        for name in registry.names()
    ]
    show_list(rows, COLUMNS, as_json=as_json, empty="No evaluators are installed.")


def show(name: Named, *, as_json: options.Json = False) -> None:
    """Show what an evaluator does, its options, and the source of its formula."""
    found = _registry().get(name).describe()
    if as_json:
        show_json(msgspec.to_builtins(found) | {"name": name})
        return
    required = set(found.options.get("required", ()))
    properties: dict[str, Any] = found.options.get("properties", {})
    lines = {
        f"option {key}": f"{_type(schema)}{', required' if key in required else ''}"
        for key, schema in properties.items()
    }
    record = {"name": name, "does": found.summary, "source": found.source, **lines}
    show_record(record, as_json=False)


def measure_file(
    name: Named,
    file: Annotated[
        Path, typer.Argument(help="Samples as JSONL: item_id, input, output, expected, context, …")
    ],
    *,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=VALUE", help="An option; JSON or a text."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Measure the samples of a file here, without a server. Exit code 1 if a sample could not be
    measured because of an error. Evaluators that ask a model measure in runs."""
    evaluator = _registry().get(name)
    given = dict(_option(each) for each in option or ())
    if problem := evaluator.problem_of(given):
        raise InvalidRequest(
            f"The options are not valid: {problem}", hint=f"See `penstock evaluator show {name}`."
        )
    samples = list(_samples(file))
    measured = asyncio.run(_measured(evaluator, samples, given))
    rows = [
        {"item_id": sample.item_id, **_row(found)}
        for sample, found in zip(samples, measured, strict=True)
    ]
    summary = _summary(evaluator.facts(given), measured)
    if as_json:
        show_json({"summary": summary, "samples": rows})
    else:
        show_list(rows[:MAX_SHOWN], SAMPLE_COLUMNS, as_json=False, empty="The file has no sample.")
        show_record(summary, as_json=False)
    failed = {ScoreState.JUDGE_ERROR, ScoreState.INFRASTRUCTURE_ERROR}
    if any(each.state in failed for each in measured):
        raise typer.Exit(1)


async def _measured(
    evaluator: Evaluator, samples: Sequence[Sample], given: dict[str, Any]
) -> list[Measurement]:
    return [await measure(evaluator, sample, given, NoJudges()) for sample in samples]


def _registry() -> Registry[Evaluator]:
    return Registry(GROUP)


def _option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r}: write NAME=VALUE", param_hint="--option")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _samples(file: Path) -> Iterator[Sample]:
    """Raises `SetupError` if the file cannot be read, `InvalidRequest` with the line that is
    wrong."""
    try:
        with file.expanduser().open("rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(MAX_LINE_BYTES + 1), b""), 1):
                if number > MAX_SAMPLES:
                    raise InvalidRequest(f"{file} has more than {MAX_SAMPLES} samples.")
                if line.strip():
                    yield _sample(file, number, line)
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error}.") from error


def _sample(file: Path, number: int, line: bytes) -> Sample:
    if len(line) > MAX_LINE_BYTES:
        raise InvalidRequest(f"{file}:{number} has more than {MAX_LINE_BYTES} bytes.")
    try:
        document = msgspec.json.decode(line, type=dict[str, Any])
        return msgspec.convert({"item_id": str(number), **document}, Sample)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"{file}:{number} is not a sample: {error}.") from error


def _row(found: Measurement) -> dict[str, Any]:
    return {
        "state": found.state.value,
        "value": found.value,
        "reason": found.reason,
        "details": msgspec.to_builtins(found.details),
    }


def _summary(facts: MetricFacts, measured: Sequence[Measurement]) -> dict[str, Any]:
    """The value over all samples that are scored, and how many are in each state."""
    states = Counter(each.state.value for each in measured)
    values = [each.value for each in measured if each.state is ScoreState.SCORED]
    found = {"samples": len(measured), **states, **_aggregate(facts, values)}
    if figures := summarize(facts.summary, measured):
        found["figures"] = msgspec.to_builtins(figures)
    return found


def _aggregate(facts: MetricFacts, values: Sequence[Any]) -> dict[str, Any]:
    match facts.kind:
        case MetricKind.RATE:
            return _with_interval("rate", wilson(sum(values), len(values)))
        case MetricKind.MEAN:
            mean = sum(values) / len(values) if values else None
            return {"mean": mean} | _with_interval("mean", t_interval(values))
        case MetricKind.LABEL:
            return {"labels": dict(Counter(map(str, values)))}


def _with_interval(name: str, found: Interval | None) -> dict[str, Any]:
    return {} if found is None else {name: found.estimate, "interval": [found.low, found.high]}


def _type(schema: dict[str, Any]) -> str:
    """A JSON schema for readers, such as `"all", "any" or "none" [all]`."""
    choices = schema.get("enum") or [each.get("type", "value") for each in schema.get("anyOf", ())]
    kind = " or ".join(map(str, choices)) or str(schema.get("type", "any value"))
    default = schema.get("default")
    return f"{kind} [{json.dumps(default)}]" if "default" in schema else kind


def _no_judges(model: str) -> SetupError:
    return SetupError(
        f"This evaluator asks the model {model}, which this command does not call.",
        hint="Measure it in a run: there it has a budget, a cache and a record.",
    )
