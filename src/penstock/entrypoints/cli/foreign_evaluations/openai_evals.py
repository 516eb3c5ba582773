"""OpenAI Evals: samples (JSON lines), the registry that names them (YAML), logs of `oaieval`."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Final

import regex as regular

from penstock.entrypoints.cli.foreign_evaluations.contained_files import (
    ContainedFiles,
    RefusedReference,
)
from penstock.entrypoints.cli.foreign_evaluations.documents import (
    MAX_CONFIG_BYTES,
    read_json_lines,
    read_text,
    read_yaml,
)
from penstock.entrypoints.cli.foreign_evaluations.imported import (
    ForeignEvaluation,
    LeftOut,
    list_of,
    mapping_of,
    numbered,
)
from penstock.entrypoints.cli.foreign_evaluations.openai_logs import PRODUCT, read_events
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import DatasetItem, ItemSource

_TAKEN: Final = frozenset(("input", "ideal"))
_SAMPLES: Final = (".jsonl",)
_MATCH: Final = "evals.elsuite.basic.match:Match"
_CLASSES: Final[Mapping[str, str]] = {
    "evals.elsuite.basic.includes:Includes": 'contains:{"mode": "any", "ignore_case": false}',
    "evals.elsuite.basic.json_match:JsonMatch": 'equals:{"json": true, "any_of": true}',
    "evals.elsuite.basic.json_validator:JsonValidator": 'format:{"format": "json"}',
}
_INCLUDES_IN_ANY_CASE: Final = 'contains:{"mode": "any"}'


def read_openai_evals(path: Path, name: str = "") -> ForeignEvaluation:
    """Reads a file. `name` is the evaluation of a registry with several. Raises `SetupError`,
    `InvalidRequest`."""
    if path.suffix.lower() in (".yaml", ".yml"):
        return _of_registry(path, name)
    rows = read_json_lines(path)
    first = next(rows, None)
    if first is None:
        raise InvalidRequest(f"{path.name} is empty.")
    rows = chain([first], rows)
    if "spec" in first[1]:
        return read_events(rows, path)
    made = ForeignEvaluation(PRODUCT, path.stem)
    made.items = numbered(_items(rows, made.left_out))
    return made


def _of_registry(path: Path, name: str) -> ForeignEvaluation:
    """Reads an evaluation of a registry, and its samples: beside the file, or in `data` beside the
    folder of the registry."""
    document, place = read_yaml(read_text(path, MAX_CONFIG_BYTES), path.name)
    specs = {key: mapping_of(each) for key, each in mapping_of(document).items()}
    runnable = [key for key, each in specs.items() if each.get("class")]
    alias = str(specs.get(name, {}).get("id", name)) if name else ""
    chosen = alias or (runnable[0] if len(runnable) == 1 else "")
    if chosen not in runnable:
        raise InvalidRequest(
            f"{path.name} has {len(runnable)} evaluations: name one.",
            hint=f"--eval NAME, of {', '.join(runnable[:20]) or 'none'}",
        )
    spec, args = specs[chosen], mapping_of(specs[chosen].get("args"))
    made = ForeignEvaluation(PRODUCT, chosen.partition(".")[0])
    where = str(place.at(chosen))
    samples = _samples_of(path, str(args.get("samples_jsonl", "")))
    items = _items(read_json_lines(samples), made.left_out)
    made.evaluators = _evaluators(str(spec["class"]), args, where, made.left_out)
    if spec["class"] == _MATCH:
        items = _with_matches(items)
    made.items = numbered(items)
    for each in args.keys() - {"samples_jsonl", "ignore_case"}:
        made.left_out.add(where, f"args.{each}", "It has no counterpart.")
    return made


def _samples_of(path: Path, named: str) -> Path:
    folder = path.expanduser().parent
    problem = ""
    for place in (folder, folder.parent / "data"):
        try:
            return ContainedFiles(place).path(named, _SAMPLES)
        except RefusedReference as error:
            problem = problem or error.message
    raise InvalidRequest(
        f"The samples are not there: {problem}",
        hint="Give the file of the samples instead: penstock import openai-evals samples.jsonl",
    )


def _evaluators(kind: str, args: Mapping[str, Any], place: str, left_out: LeftOut) -> list[str]:
    if kind == _MATCH:
        return ["checks"]
    if kind.endswith(":Includes") and args.get("ignore_case"):
        return [_INCLUDES_IN_ANY_CASE]
    if kind in _CLASSES:
        return [_CLASSES[kind]]
    reason = "It has no exact counterpart: choose evaluators (docs/evaluator-list.md)."
    left_out.add(place, kind, reason)
    return []


def _with_matches(items: Iterable[DatasetItem]) -> Iterator[DatasetItem]:
    """Yields items with a check that the answer begins with one of the expected texts."""
    for item in items:
        texts = [each for each in list_of(item.expected) or [item.expected] if each is not None]
        begins = "|".join(regular.escape(str(each)) for each in texts)
        check = {"kind": "regex", "name": "match", "options": {"pattern": rf"\A(?:{begins})"}}
        metadata = {**item.metadata, "checks": [check]} if texts else item.metadata
        yield DatasetItem(
            *(item.id, item.input, item.expected, item.context, metadata), source=item.source
        )


def _items(
    rows: Iterable[tuple[str, Mapping[str, Any]]], left_out: LeftOut
) -> Iterator[DatasetItem]:
    for place, row in rows:
        if "input" not in row:
            raise InvalidRequest(
                f"{place}: a sample has `input`, and `ideal` for what is expected.",
                hint="For rows of other names: penstock dataset import",
            )
        metadata = {name: value for name, value in row.items() if name not in _TAKEN}
        if "few_shot" in metadata:
            left_out.add(place, "few_shot", "It is kept as metadata; examples belong to a prompt.")
        source = ItemSource(PRODUCT, place=place[:400])
        yield DatasetItem("", row["input"], row.get("ideal"), metadata=metadata, source=source)
