"""Assertions of promptfoo as checks of ours. What runs code, or measures otherwise, is left out."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import msgspec
import regex as regular
import yaml

from penstock.entrypoints.cli.foreign_evaluations.contained_files import (
    ContainedFiles,
    RefusedReference,
    is_reference,
)
from penstock.entrypoints.cli.foreign_evaluations.documents import read_yaml
from penstock.entrypoints.cli.foreign_evaluations.imported import (
    LeftOut,
    list_of,
    mapping_of,
    metric_name,
)
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.checks import MAX_CHECKS, ItemCheck

_VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_CODE: Final = ("javascript", "python", "ruby", "webhook")
_TEXTS: Final = {"yaml": (".yaml", ".yml", ".json"), "text": (".txt", ".md")}
_IGNORED: Final = {
    "weight": "All checks of an item must hold, without weights.",
    "provider": "The option --judge names the model that judges.",
    "rubricPrompt": "The evaluator `rubric` has a prompt of its own.",
    "config": "The evaluators here have other options.",
}
_INSTEAD: Final[Mapping[str, str]] = {
    "similar": "the evaluator `embedding` with `least`",
    "levenshtein": "the evaluator `levenshtein`, whose value is a share and no distance",
    "rouge-n": "the evaluator `rouge`",
    "bleu": "the evaluator `bleu`",
    "factuality": "the evaluator `rubric`",
    "model-graded-factuality": "the evaluator `rubric`",
    "g-eval": "the evaluator `rubric` with a scale",
    "answer-relevance": "the evaluator `answer_relevance`",
    "context-faithfulness": "the evaluator `faithfulness`",
    "context-recall": "the evaluator `context_recall`",
    "context-relevance": "the evaluator `context_precision`",
    "select-best": "the evaluator `pairwise`",
    "tool-call-f1": "the evaluator `tool_calls`",
    "moderation": "the evaluator `toxicity`",
    "contains-json": "the evaluator `json_schema`, for an answer that is JSON",
    "contains-sql": "the evaluator `format`, for an answer that is SQL",
    "contains-xml": "the evaluator `format`, for an answer that is XML",
    "contains-html": "the evaluator `format`, for an answer that is HTML",
}


class _NoCounterpart(Exception):
    """An assertion has no counterpart here; the text says why."""


@dataclass(slots=True)
class AssertReader:
    """Reads assertions. `judge` is the model of those that ask one; empty if none is named.
    `templates` are the configuration's `assertionTemplates`."""

    files: ContainedFiles
    left_out: LeftOut
    judge: str = ""
    templates: Mapping[str, Any] = field(default_factory=dict[str, Any])
    judged: bool = False

    def checks(
        self, asserts: Sequence[Any], variables: Mapping[str, Any], place: str
    ) -> list[ItemCheck]:
        """Returns the checks of a test's assertions. `place` is where the test stands."""
        made: list[ItemCheck] = []
        for each in self._flat(asserts, place):
            kind = str(each.get("type", ""))
            try:
                made.append(self._check(kind, each, variables))
            except (_NoCounterpart, RefusedReference) as error:
                self.left_out.add(place, f"assert {kind or 'without a type'}", str(error))
        if len(made) > MAX_CHECKS:
            self.left_out.add(place, "asserts", f"A test has at most {MAX_CHECKS} here.")
        return made[:MAX_CHECKS]

    def _flat(self, asserts: Sequence[Any], place: str) -> Iterator[Mapping[str, Any]]:
        """Yields assertions; those of a set that must all hold are taken one by one."""
        for each in asserts:
            found = self._resolved(mapping_of(each))
            if found.get("type") != "assert-set":
                yield found
            elif found.get("threshold") is None:
                yield from (self._resolved(mapping_of(one)) for one in list_of(found.get("assert")))
            else:
                reason = "A set that may fail in part has no counterpart."
                self.left_out.add(place, "assert assert-set", reason)

    def _resolved(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = str(found.get("$ref", ""))
        name = reference.removeprefix("#/assertionTemplates/")
        return mapping_of(self.templates.get(name)) if reference else found

    def _check(
        self, full_type: str, found: Mapping[str, Any], variables: Mapping[str, Any]
    ) -> ItemCheck:
        kind = full_type.removeprefix("not-")
        if kind in _CODE:
            raise _NoCounterpart("It runs code: write an evaluator (docs/evaluators.md).")
        if found.get("transform"):
            raise _NoCounterpart("Its `transform` runs code.")
        for name, reason in _IGNORED.items():
            if name in found:
                self.left_out.add("", f"assert.{name}", reason)
        if kind in ("llm-rubric", "model-graded-closedqa"):
            check = self._rubric(found, variables)
        elif kind in _SIMPLE:
            check = _SIMPLE[kind](self._value(found.get("value"), variables), found)
        elif kind in _INSTEAD:
            raise _NoCounterpart(f"It has no exact counterpart: see {_INSTEAD[kind]}.")
        else:
            raise _NoCounterpart("It has no counterpart.")
        name = metric_name(str(found.get("metric") or full_type))
        return msgspec.structs.replace(check, name=name, absent=full_type != kind)

    def _rubric(self, found: Mapping[str, Any], variables: Mapping[str, Any]) -> ItemCheck:
        if not self.judge:
            raise _NoCounterpart("It asks a model: import again with --judge MODEL.")
        if found.get("threshold") is not None:
            self.left_out.add("", "assert.threshold", "A rubric passes or fails.")
        self.judged = True
        criteria = _text(self._value(found.get("value"), variables))
        return ItemCheck("rubric", {"model": self.judge, "criteria": criteria})

    def _value(self, value: Any, variables: Mapping[str, Any]) -> Any:
        """Returns the value with its variables put in, and that of a file inside the folder."""
        if is_reference(value):
            if str(value).lower().endswith(_TEXTS["text"]):
                value = self.files.text(value, _TEXTS["text"]).strip()
            else:
                value, _ = read_yaml(self.files.text(value, _TEXTS["yaml"]), str(value))
        if isinstance(value, list):
            return [self._value(each, variables) for each in cast("list[Any]", value)]
        return _rendered(value, variables) if isinstance(value, str) else value


def _rendered(text: str, variables: Mapping[str, Any]) -> str:
    def found(match: re.Match[str]) -> str:
        if match[1] not in variables:
            raise _NoCounterpart(f"Its value names the variable {match[1]!r}, which is missing.")
        value = variables[match[1]]
        return value if isinstance(value, str) else json.dumps(value)

    made = _VARIABLE.sub(found, text)
    if "{{" in _VARIABLE.sub("", text) or "{%" in text:
        raise _NoCounterpart("Its value is a template with filters or blocks.")
    return made


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise _NoCounterpart("It has no text as its value.")
    return str(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise _NoCounterpart("It has no number as its threshold.")
    return float(value)


def _equals(value: Any, found: Mapping[str, Any]) -> ItemCheck:
    del found
    if isinstance(value, dict | list):
        return ItemCheck("equals", {"json": True}, expected=value)
    exact = {"ignore_case": False, "ignore_space": False}
    return ItemCheck("equals", exact, expected=_text(value))


def _contains(mode: str, *, ignore_case: bool) -> Callable[[Any, Mapping[str, Any]], ItemCheck]:
    def check(value: Any, found: Mapping[str, Any]) -> ItemCheck:
        del found
        if isinstance(value, str) and mode != "one":
            value = [each.strip().strip("\"'") for each in value.split(",")]
        values = [_text(each) for each in list_of(value)] or [_text(value)]
        options: dict[str, Any] = {"values": values, "ignore_case": ignore_case}
        return ItemCheck("contains", options | ({"mode": "any"} if mode == "any" else {}))

    return check


def _starts_with(value: Any, found: Mapping[str, Any]) -> ItemCheck:
    del found
    return ItemCheck("regex", {"pattern": rf"\A{regular.escape(_text(value))}"})


def _regex(value: Any, found: Mapping[str, Any]) -> ItemCheck:
    del found
    pattern = _text(value)
    try:
        regular.compile(pattern)
    except (regular.error, OverflowError, RecursionError) as error:
        raise _NoCounterpart(f"Its pattern is not one here: {error}.") from error
    return ItemCheck("regex", {"pattern": pattern})


def _is_json(value: Any, found: Mapping[str, Any]) -> ItemCheck:
    del found
    if not value:
        return ItemCheck("format", {"format": "json", "fenced": False})
    if isinstance(value, str):
        try:
            value, _ = read_yaml(value, "value")
        except (InvalidRequest, yaml.YAMLError) as error:
            raise _NoCounterpart(f"Its schema cannot be read: {error}") from error
    return ItemCheck("json_schema", {"schema": value, "fenced": False})


def _is_format(name: str) -> Callable[[Any, Mapping[str, Any]], ItemCheck]:
    def check(value: Any, found: Mapping[str, Any]) -> ItemCheck:
        del found
        if value:
            raise _NoCounterpart("Only whether it parses is checked here, without conditions.")
        return ItemCheck("format", {"format": name, "fenced": False})

    return check


def _within(kind: str, option: str) -> Callable[[Any, Mapping[str, Any]], ItemCheck]:
    def check(value: Any, found: Mapping[str, Any]) -> ItemCheck:
        del value
        return ItemCheck(kind, {option: _number(found.get("threshold"))})

    return check


def _word_count(value: Any, found: Mapping[str, Any]) -> ItemCheck:
    del found
    given = mapping_of(value)
    least, most = (given.get("min"), given.get("max")) if given else (value, value)
    bounds = {"least": least, "most": most}
    options = {name: int(_number(each)) for name, each in bounds.items() if each is not None}
    if not options:
        raise _NoCounterpart("It has no number of words.")
    return ItemCheck("length", {"unit": "words", **options})


def _refusal(value: Any, found: Mapping[str, Any]) -> ItemCheck:
    del value, found
    return ItemCheck("refusal")


_SIMPLE: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], ItemCheck]]] = {
    "equals": _equals,
    "contains": _contains("one", ignore_case=False),
    "icontains": _contains("one", ignore_case=True),
    "contains-all": _contains("all", ignore_case=False),
    "icontains-all": _contains("all", ignore_case=True),
    "contains-any": _contains("any", ignore_case=False),
    "icontains-any": _contains("any", ignore_case=True),
    "starts-with": _starts_with,
    "regex": _regex,
    "is-json": _is_json,
    "is-html": _is_format("html"),
    "is-xml": _is_format("xml"),
    "is-sql": _is_format("sql"),
    "latency": _within("latency", "most_ms"),
    "cost": _within("cost", "most_usd"),
    "word-count": _word_count,
    "is-refusal": _refusal,
}
