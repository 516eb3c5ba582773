"""Evaluators that compare the text of an answer: equals, contains, regex, keywords, length."""

from typing import Annotated, Any, Final, Literal

import regex as regular
from msgspec import Meta

from penstock.rules.evaluation.json_values import is_array, json_or_text, parsed_json, same_json
from penstock.rules.evaluation.measurements import Measurement, judge_error, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.texts import (
    as_texts,
    normal,
    sentences,
    unfenced,
    words,
)
from penstock.spi.function_evaluator import EvaluatorOptions, evaluator

MAX_PATTERN_CHARS: Final = 2000  # of a regular expression
MAX_PATTERN_SECONDS: Final = 0.2  # of the search for a regular expression in one answer
MAX_TEXTS: Final = 1000  # in the options of an evaluator
Texts = Annotated[tuple[str, ...], Meta(max_length=MAX_TEXTS)]
_RATE: Final = MetricFacts(MetricKind.RATE)
_RATE_OF_EXPECTED: Final = MetricFacts(MetricKind.RATE, needs=("expected",))


class EqualsOptions(EvaluatorOptions, frozen=True):
    """The differences that do not count. `any_of`: the expected value is a list of right answers.
    `json`: values are compared, not texts."""

    ignore_case: bool = True
    ignore_space: bool = True
    ignore_punctuation: bool = False
    any_of: bool = False
    json: bool = False


@evaluator(_RATE_OF_EXPECTED, EqualsOptions)
def equals(sample: Sample, options: EqualsOptions) -> Measurement:
    """The answer equals the expected one, after differences that do not count."""
    if options.json:
        return _equals_json(sample, any_of=options.any_of)
    accepted = as_texts(sample.expected if options.any_of else [sample.expected])
    found = _normal(sample.output, options)
    return scored(any(found == _normal(each, options) for each in accepted))


class ContainsOptions(EvaluatorOptions, frozen=True):
    """`values` are searched; without them the expected text or texts."""

    values: Texts = ()
    mode: Literal["all", "any", "none"] = "all"
    ignore_case: bool = True


def _contains_facts(options: ContainsOptions) -> MetricFacts:
    return _RATE if options.values else _RATE_OF_EXPECTED


@evaluator(_contains_facts, ContainsOptions)
def contains(sample: Sample, options: ContainsOptions) -> Measurement:
    """The answer contains all, any, or none of the given texts."""
    wanted = [each for each in options.values or as_texts(sample.expected) if each]
    if not wanted:
        return unmeasured("There is no text to search for.")
    text = normal(sample.output, ignore_case=options.ignore_case)
    found = [each for each in wanted if normal(each, ignore_case=options.ignore_case) in text]
    passed = {
        "all": len(found) == len(wanted),
        "any": bool(found),
        "none": not found,
    }[options.mode]
    return scored(passed, f"Contains {len(found)} of {len(wanted)}.", found=found)


class RegexOptions(EvaluatorOptions, frozen=True):
    """`full`: the whole answer must match. `absent`: nothing may match."""

    pattern: Annotated[str, Meta(min_length=1, max_length=MAX_PATTERN_CHARS)]
    full: bool = False
    absent: bool = False
    ignore_case: bool = False

    def problem(self) -> str:
        """The pattern is a regular expression."""
        try:
            regular.compile(self.pattern)
        except (regular.error, OverflowError, RecursionError) as error:
            return f"The pattern is not a regular expression: {error}."
        return ""


@evaluator(_RATE, RegexOptions)
def regex(sample: Sample, options: RegexOptions) -> Measurement:
    """A regular expression matches in the answer. A search of 0.2 seconds is an error."""
    pattern = regular.compile(options.pattern, regular.IGNORECASE if options.ignore_case else 0)
    search = pattern.fullmatch if options.full else pattern.search
    try:
        match = search(sample.output, timeout=MAX_PATTERN_SECONDS)
    except TimeoutError:
        return judge_error("The regular expression took too long on this answer: simplify it.")
    return scored((match is None) == options.absent, match[0][:200] if match else "No match.")


class KeywordsOptions(EvaluatorOptions, frozen=True):
    """The keywords; without them the expected text or texts."""

    keywords: Texts = ()


def _keywords_facts(options: KeywordsOptions) -> MetricFacts:
    needs = () if options.keywords else ("expected",)
    return MetricFacts(MetricKind.MEAN, least=0, most=1, needs=needs)


@evaluator(_keywords_facts, KeywordsOptions)
def keywords(sample: Sample, options: KeywordsOptions) -> Measurement:
    """The share of keywords that occur in the answer as whole words, in any case."""
    wanted = [each for each in options.keywords or as_texts(sample.expected) if words(each)]
    if not wanted:
        return unmeasured("There are no keywords.")
    text = f" {' '.join(words(sample.output))} "
    missing = [each for each in wanted if f" {' '.join(words(each))} " not in text]
    return scored(1 - len(missing) / len(wanted), _named("Missing", missing), missing=missing)


class LengthOptions(EvaluatorOptions, frozen=True):
    """With a bound it is whether the length is within; without one it is the length."""

    unit: Literal["characters", "words", "sentences", "lines"] = "characters"
    least: Annotated[int, Meta(ge=0)] | None = None
    most: Annotated[int, Meta(ge=0)] | None = None

    def problem(self) -> str:
        """A length can be within the bounds."""
        if self.least is not None and self.most is not None and self.least > self.most:
            return "`least` is above `most`."
        return ""


def _length_facts(options: LengthOptions) -> MetricFacts:
    if options.least is None and options.most is None:
        return MetricFacts(MetricKind.MEAN, None, least=0, unit=options.unit)
    return _RATE


@evaluator(_length_facts, LengthOptions)
def length(sample: Sample, options: LengthOptions) -> Measurement:
    """The length of the answer, or whether it is within bounds."""
    size = _size(sample.output, options.unit)
    if options.least is None and options.most is None:
        return scored(size)
    within = (options.least or 0) <= size and (options.most is None or size <= options.most)
    return scored(within, f"{size} {options.unit}", length=size)


def _equals_json(sample: Sample, *, any_of: bool) -> Measurement:
    many = any_of and is_array(sample.expected)
    accepted: tuple[Any, ...] = tuple(sample.expected) if many else (sample.expected,)
    try:
        found = parsed_json(unfenced(sample.output))
    except ValueError as error:
        return scored(False, f"The answer is not JSON: {error}.")  # noqa: FBT003 - a value
    return scored(any(same_json(found, json_or_text(each)) for each in accepted))


def _size(text: str, unit: str) -> int:
    match unit:
        case "words":
            return len(words(text))
        case "sentences":
            return len(sentences(text))
        case "lines":
            return len(text.splitlines())
        case _:
            return len(text)


def _normal(text: str, options: EqualsOptions) -> str:
    return normal(
        text,
        ignore_case=options.ignore_case,
        ignore_space=options.ignore_space,
        ignore_marks=options.ignore_punctuation,
    )


def _named(word: str, missing: list[str]) -> str:
    return f"{word}: {', '.join(missing)}." if missing else ""
