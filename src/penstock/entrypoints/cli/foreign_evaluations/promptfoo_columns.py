"""A row of a table of tests of promptfoo: variables, and columns with two underscores."""

import csv
import re
from collections.abc import Mapping
from typing import Any, Final

from penstock.entrypoints.cli.dataset_files.rows import FileRow
from penstock.entrypoints.cli.foreign_evaluations.imported import LeftOut

_CODE: Final = re.compile(r"(javascript|fn|eval|python):|file://")
_GRADED: Final = re.compile(r"(?:grade|llm-rubric):(.*)", re.DOTALL)
_ASSERT: Final = re.compile(
    r"((?:not-)?[a-z]+(?:-[a-z0-9]+)*)(?:\(([\d.]+)\))?(?::(.*))?", re.DOTALL
)
# Words that begin an assertion; any other text is the expected answer.
_TYPES: Final = frozenset(
    (
        *("answer-relevance", "bleu", "contains", "contains-all", "contains-any", "contains-json"),
        *("context-faithfulness", "context-recall", "context-relevance", "cost", "equals"),
        *("factuality", "finish-reason", "g-eval", "icontains", "icontains-all", "icontains-any"),
        *("is-html", "is-json", "is-refusal", "is-sql", "is-xml", "latency", "levenshtein"),
        *("model-graded-closedqa", "moderation", "perplexity", "regex", "rouge-n", "similar"),
        *("starts-with", "tool-call-f1", "webhook", "word-count"),
    )
)
_WITHOUT_VALUE: Final = frozenset(("is-html", "is-json", "is-refusal", "is-sql", "is-xml"))


def row_as_test(row: FileRow, left_out: LeftOut) -> Mapping[str, Any]:
    """Returns the test of a row as a configuration would have it."""
    test: dict[str, Any] = {"vars": {}, "assert": [], "metadata": {}}
    metric = ""
    for column, cell in row.fields.items():
        name, text = column.strip(), str(cell)
        if not name.startswith("__"):
            test["vars"][name] = text
        elif name.startswith("__expected"):
            if text.strip():
                test["assert"].append(assertion_of(text.strip()))
        elif name == "__description":
            test["description"] = text
        elif name == "__metric":
            metric = text
        elif name.startswith("__metadata:"):
            _add_metadata(test["metadata"], name.removeprefix("__metadata:"), text)
        elif text:
            left_out.add(row.place, name, "This column has no counterpart.")
    for each in test["assert"] if metric else ():
        each["metric"] = metric
    return test


def assertion_of(text: str) -> dict[str, Any]:
    """Returns the assertion that a cell of `__expected` names."""
    if code := _CODE.match(text):
        return {"type": "python" if code[1] == "python" else "javascript", "value": text}
    if graded := _GRADED.fullmatch(text):
        return {"type": "llm-rubric", "value": graded[1].strip()}
    found = _ASSERT.fullmatch(text)
    kind = found[1].removeprefix("not-") if found else ""
    if found is None or kind not in _TYPES or (found[3] is None and _needs_value(kind, found[2])):
        return {"type": "equals", "value": text}
    made: dict[str, Any] = {"type": found[1]}
    if found[2]:
        made["threshold"] = float(found[2]) if found[2].count(".") < 2 else found[2]
    if found[3] is not None:
        value = found[3].strip()
        many = kind.endswith(("-all", "-any"))
        made["value"] = _separated(value) if many else _number_or_text(kind, value)
    return made


def _needs_value(kind: str, threshold: str | None) -> bool:
    return kind not in _WITHOUT_VALUE and not threshold


def _number_or_text(kind: str, value: str) -> Any:
    return int(value) if kind == "word-count" and value.isdecimal() else value


def _separated(value: str) -> list[str]:
    return [each.strip() for each in next(csv.reader([value], skipinitialspace=True), list[str]())]


def _add_metadata(metadata: dict[str, Any], name: str, text: str) -> None:
    if text.strip() and name.endswith("[]"):
        parts = re.split(r"(?<!\\),", text)
        metadata[name[:-2]] = [each.strip().replace("\\,", ",") for each in parts]
    elif text.strip():
        metadata[name] = text
