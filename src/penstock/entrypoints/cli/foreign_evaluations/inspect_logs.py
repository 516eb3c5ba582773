"""Logs of Inspect (version 2) as a dataset and a run; an epoch is a repeat."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from penstock.entrypoints.cli.foreign_evaluations.imported import (
    MAX_ITEMS,
    ForeignEvaluation,
    ForeignOutput,
    ForeignRun,
    LeftOut,
    list_of,
    mapping_of,
    metric_name,
    number_of,
    score_of,
)
from penstock.entrypoints.cli.foreign_evaluations.inspect_files import open_log
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import DatasetItem, ItemSource, checked_item
from penstock.rules.evaluation.measurements import MAX_REASON_CHARS, Measurement, abstained

PRODUCT: Final = "inspect"
# The values of Inspect's own scorers. `P`artly makes numbers of them; `N`o answer has no value.
_GRADES: Final[Mapping[str, float]] = {"C": 1.0, "P": 0.5, "I": 0.0}
_NO_ANSWER: Final = "N"
_TAKEN: Final = frozenset(
    (
        *("id", "epoch", "input", "target", "output", "scores", "metadata", "choices", "error"),
        *("total_time", "working_time", "model_usage", "role_usage", "started_at", "completed_at"),
        *("uuid", "attachments", "turn_count", "error_retries", "invalidation"),
    )
)
_ATTACHMENT: Final = "attachment://"
_REASONS: Final = {
    "events": "The steps of the agent have no counterpart; its last answer is imported.",
    "events_data": "The steps of the agent have no counterpart; its last answer is imported.",
    "messages": "The last answer is imported, not the conversation.",
    "timelines": "The steps of the agent have no counterpart; its last answer is imported.",
    "store": "The state of the agent has no counterpart.",
    "sandbox": "Sandboxes are not started.",
    "files": "Files of sandboxes are not imported.",
    "setup": "It runs code.",
    "limit": "A limit ended the sample; its scores are imported.",
}


def read_inspect(path: Path) -> ForeignEvaluation:
    """Reads a log. Raises `SetupError`, `InvalidRequest`."""
    log = open_log(path)
    spec = mapping_of(log.header.get("eval"))
    if not spec.get("task"):
        raise InvalidRequest(f"{path.name} is no log of Inspect: it names no task.")
    made = ForeignEvaluation(PRODUCT, str(spec["task"]).rpartition("/")[2])
    status = log.header.get("status")
    if status not in ("success", None):
        made.left_out.add(path.name, f"status {status}", "What was finished is imported.")
    run = ForeignRun(f"inspect {spec.get('run_id', '')}: {spec.get('model', 'model')}"[:200])
    partly = set[str]()
    items: dict[str, DatasetItem] = {}
    for place, sample in log.samples:
        item = checked_item(_item(sample, place, made.left_out), place)
        if len(items) >= MAX_ITEMS:
            raise InvalidRequest(f"{path.name} has more than {MAX_ITEMS:,} samples.")
        items.setdefault(item.id, item)
        output = _output(sample, item.id, partly)
        run.outputs.append(output)
    made.items = list(items.values())
    made.runs = [_graded(run, partly)] if run.outputs else []
    return made


def _item(sample: Mapping[str, Any], place: str, left_out: LeftOut) -> DatasetItem:
    for name in sample.keys() - _TAKEN:
        if sample[name] not in (None, [], {}, ""):
            left_out.add(place, f"sample.{name}", _REASONS.get(name, "It has no counterpart."))
    attachments = mapping_of(sample.get("attachments"))
    metadata = dict(mapping_of(sample.get("metadata")))
    if choices := list_of(sample.get("choices")):
        metadata["choices"] = list(choices)
    target = sample.get("target")
    return DatasetItem(
        str(sample.get("id", "")).strip(),
        _input(sample.get("input"), attachments),
        None if target in ("", []) else target,
        metadata=metadata,
        source=ItemSource(PRODUCT, place=place[:400]),
    )


def _input(given: Any, attachments: Mapping[str, Any]) -> Any:
    """Returns a text, or messages with their role and content."""
    if isinstance(given, str):
        return _attached(given, attachments)
    messages = [mapping_of(each) for each in list_of(given)]
    return [
        {"role": each.get("role", "user"), "content": _text_of(each.get("content"), attachments)}
        for each in messages
    ]


def _text_of(content: Any, attachments: Mapping[str, Any]) -> Any:
    """Returns the text of a message; parts of other kinds stay as they are."""
    if isinstance(content, str):
        return _attached(content, attachments)
    parts = [mapping_of(each) for each in list_of(content)]
    if any(each.get("type") != "text" for each in parts):
        return cast("object", content)
    return "".join(_attached(str(each.get("text", "")), attachments) for each in parts)


def _attached(text: str, attachments: Mapping[str, Any]) -> str:
    if not text.startswith(_ATTACHMENT):
        return text
    return str(attachments.get(text.removeprefix(_ATTACHMENT), text))


def _output(sample: Mapping[str, Any], item_id: str, partly: set[str]) -> ForeignOutput:
    epoch = sample.get("epoch")
    repeat = epoch - 1 if isinstance(epoch, int) and epoch > 0 else 0
    output = mapping_of(sample.get("output"))
    error = mapping_of(sample.get("error")).get("message") or output.get("error")
    choices = list_of(output.get("choices"))
    if error or not choices:
        message = str(error or "No output.")
        return ForeignOutput(item_id, error=message[:MAX_REASON_CHARS], repeat=repeat)
    seconds = number_of(output.get("time"))
    return ForeignOutput(
        item_id,
        _completion(output, choices, mapping_of(sample.get("attachments"))),
        repeat=repeat,
        latency_ms=None if seconds is None else seconds * 1000,
        scores=dict(_scores(mapping_of(sample.get("scores")), partly)),
    )


def _completion(
    output: Mapping[str, Any], choices: Sequence[Any], attachments: Mapping[str, Any]
) -> str:
    if isinstance(found := output.get("completion"), str):
        return _attached(found, attachments)
    message = mapping_of(mapping_of(choices[0]).get("message"))
    text = _text_of(message.get("content"), attachments)
    return text if isinstance(text, str) else ""


def _scores(scores: Mapping[str, Any], partly: set[str]) -> Iterator[tuple[str, Measurement]]:
    """Yields the scores by metric; a scorer with several values has a metric for each."""
    for scorer, given in scores.items():
        score = mapping_of(given)
        value, reason = score.get("value"), str(score.get("explanation") or "")[:MAX_REASON_CHARS]
        if isinstance(value, dict):
            for name, each in cast("dict[str, Any]", value).items():
                yield _one(metric_name(f"{scorer}.{name}"), each, reason, partly)
        elif isinstance(value, list):
            for at, each in enumerate(cast("list[Any]", value)):
                yield _one(metric_name(f"{scorer}.{at + 1}"), each, reason, partly)
        else:
            yield _one(metric_name(scorer), value, reason, partly)


def _one(name: str, value: Any, reason: str, partly: set[str]) -> tuple[str, Measurement]:
    if value == _NO_ANSWER:
        return name, abstained(reason or "The scorer says: no answer.")
    if isinstance(value, str) and value in _GRADES:
        if value == "P":
            partly.add(name)
        return name, score_of(value, reason)
    return name, score_of(value, reason)


def _graded(run: ForeignRun, partly: set[str]) -> ForeignRun:
    """Returns the run with grades as values: booleans, or numbers where one is `P`artly right. A
    metric with other values keeps its texts."""
    kept = {
        name
        for each in run.outputs
        for name, score in each.scores.items()
        if isinstance(score.value, str) and score.value not in _GRADES
    }
    for each in run.outputs:
        for name, score in each.scores.items():
            if isinstance(score.value, str) and name not in kept:
                number = _GRADES[score.value]
                value = number if name in partly else number == 1.0
                each.scores[name] = score_of(value, score.reason)
    return run
