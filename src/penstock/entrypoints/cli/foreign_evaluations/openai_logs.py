"""Logs of `oaieval`: events of samples, as a dataset and a run of recorded outputs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from penstock.entrypoints.cli.foreign_evaluations.imported import (
    MAX_ITEMS,
    ForeignEvaluation,
    ForeignOutput,
    ForeignRun,
    LeftOut,
    list_of,
    mapping_of,
    metric_name,
    numbered,
    score_of,
)
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import DatasetItem, ItemSource
from penstock.rules.evaluation.measurements import MAX_REASON_CHARS, Measurement

PRODUCT: Final = "openai-evals"
_MATCH: Final = "match"


@dataclass(slots=True)
class _Sampled:
    """A sample, as the events of a log tell it."""

    place: str
    prompt: Any = None
    output: str | None = None
    expected: Any = None
    error: str = ""
    scores: dict[str, Measurement] = field(default_factory=dict[str, Measurement])


def read_events(rows: Iterable[tuple[str, Mapping[str, Any]]], path: Path) -> ForeignEvaluation:
    """Reads a log, which begins with its `spec`. Raises `InvalidRequest`."""
    found: dict[str, _Sampled] = {}
    spec: Mapping[str, Any] = {}
    left_out = LeftOut()
    for place, row in rows:
        if "spec" in row:
            spec = mapping_of(row["spec"])
        elif "final_report" not in row:
            _add(found, place, row, left_out)
    made = ForeignEvaluation(PRODUCT, str(spec.get("base_eval") or path.stem), left_out=left_out)
    asked = {sample: each for sample, each in found.items() if each.prompt}
    if len(asked) < len(found):
        left_out.add(path.name, "samples", "No call of them was recorded.")
    made.items = numbered(
        DatasetItem(
            "", each.prompt, each.expected, source=ItemSource(PRODUCT, place=each.place[:400])
        )
        for each in asked.values()
    )
    target = ", ".join(map(str, list_of(spec.get("completion_fns")))) or "model"
    run = ForeignRun(f"openai-evals {spec.get('run_id', '')}: {target}"[:200])
    for item, each in zip(made.items, asked.values(), strict=True):
        error = "" if each.output is not None else each.error or "No output was recorded."
        run.add(
            ForeignOutput(item.id, each.output or "", error[:MAX_REASON_CHARS], scores=each.scores)
        )
    made.runs = [run] if run.outputs else []
    return made


def _add(found: dict[str, _Sampled], place: str, row: Mapping[str, Any], left_out: LeftOut) -> None:
    sample_id, kind = str(row.get("sample_id", "")), str(row.get("type", ""))
    if not sample_id or not kind:
        raise InvalidRequest(f"{place}: an event has `sample_id` and `type`.")
    if sample_id not in found and len(found) >= MAX_ITEMS:
        raise InvalidRequest(f"{place}: the log has more than {MAX_ITEMS:,} samples.")
    sampled = found.setdefault(sample_id, _Sampled(place))
    data = mapping_of(row.get("data"))
    match kind:
        case "sampling":
            _add_call(sampled, data, place, left_out)
        case "match":
            sampled.expected = data.get("expected")
            sampled.scores[_MATCH] = score_of(data.get("correct"))
        case "metrics":
            for name, value in data.items():
                sampled.scores[metric_name(name)] = score_of(value)
        case "error":
            sampled.error = str(data.get("message") or data.get("error") or data)
        case _:
            left_out.add(place, f"event {kind}", "It has no counterpart.")


def _add_call(sampled: _Sampled, data: Mapping[str, Any], place: str, left_out: LeftOut) -> None:
    """Takes the first call as the input and the last one as the answer: others are of judges."""
    given = data.get("sampled")
    texts = [given] if isinstance(given, str) else [str(each) for each in list_of(given)]
    if sampled.prompt is not None:
        left_out.add(place, "event sampling", "Further calls for a sample are not imported.")
        return
    sampled.prompt = data.get("prompt")
    sampled.output = texts[0] if texts else None
    if len(texts) > 1:
        left_out.add(place, "sampled", "Of several answers to a call, the first is imported.")
