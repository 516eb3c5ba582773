"""Evaluators of structured answers: JSON schema, and formats that must parse."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal

import jsonschema_rs
import msgspec

from penstock.rules.evaluation import syntax
from penstock.rules.evaluation.json_values import parsed_json
from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.evaluation.texts import unfenced
from penstock.spi.function_evaluator import EvaluatorOptions, evaluator

MAX_SCHEMA_BYTES: Final = 100_000  # of a JSON schema in the options
MAX_SOURCE_CHARS: Final = 200_000  # of an answer that is parsed as code; a longer one is unmeasured
MAX_SQL_CHARS: Final = 20_000  # of an answer that is parsed as SQL, which takes 0.5 s
_REMEMBERED: Final = 32  # schemas that are ready for use
_PROBLEMS: Final[Mapping[str, Callable[[str], str]]] = {
    "json": syntax.json_problem,
    "xml": syntax.xml_problem,
    "html": syntax.html_problem,
    "python": syntax.python_problem,
}
_RATE: Final = MetricFacts(MetricKind.RATE)


class JsonSchemaOptions(EvaluatorOptions, frozen=True):
    """`fenced`: the JSON may stand in the only block of code of a Markdown text."""

    schema: dict[str, Any] | bool
    fenced: bool = True

    def problem(self) -> str:
        """The schema is one, and refers to nothing outside."""
        text = msgspec.json.encode(self.schema)
        if len(text) > MAX_SCHEMA_BYTES:
            return f"The schema has more than {MAX_SCHEMA_BYTES} bytes."
        try:
            _validator(text)
        except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            return f"The schema is not valid: {str(error).splitlines()[0]}."
        return ""


@evaluator(_RATE, JsonSchemaOptions)
def json_schema(sample: Sample, options: JsonSchemaOptions) -> Measurement:
    """The answer is JSON and follows a JSON schema."""
    try:
        value = parsed_json(unfenced(sample.output) if options.fenced else sample.output)
    except ValueError as error:
        return scored(False, f"The answer is not JSON: {error}.")  # noqa: FBT003 - a value
    error = next(_validator(msgspec.json.encode(options.schema)).iter_errors(value), None)
    if error is None:
        return scored(True)  # noqa: FBT003 - a value
    place = "/".join(map(str, error.instance_path))
    return scored(False, f"At /{place}: {error.message}")  # noqa: FBT003 - a value


class FormatOptions(EvaluatorOptions, frozen=True):
    """`dialect` is one of SQL, such as postgres; empty for any. `fenced`: it may stand in the only
    block of code of a Markdown text."""

    format: Literal["json", "xml", "html", "sql", "python"]
    dialect: str = ""
    fenced: bool = True

    def problem(self) -> str:
        """The dialect is known."""
        if not self.dialect:
            return ""
        if self.format != "sql":
            return "Only sql has dialects."
        from penstock.plugins.evaluators import sql  # lazy: sqlglot takes 0.3 s

        known = sql.sql_dialects()
        return "" if self.dialect in known else f"The dialect is none of {', '.join(known)}."


@evaluator(_RATE, FormatOptions)
def format_of(sample: Sample, options: FormatOptions) -> Measurement:
    """The answer parses as JSON, XML, HTML, SQL or Python. Nothing of it is run or loaded."""
    text = unfenced(sample.output) if options.fenced else sample.output
    most = MAX_SQL_CHARS if options.format == "sql" else MAX_SOURCE_CHARS
    if len(text) > most:
        return unmeasured(f"The answer has more than {most} characters.")
    if options.format == "sql":
        problem = _sql_problem(text, options.dialect)
    else:
        problem = _PROBLEMS[options.format](text)
    return scored(not problem, problem)


def _sql_problem(text: str, dialect: str) -> str:
    from penstock.plugins.evaluators import sql  # lazy: sqlglot takes 0.3 s

    return sql.sql_problem(text, dialect)


@lru_cache(_REMEMBERED)
def _validator(schema: bytes) -> Any:
    """References outside are errors; patterns run in linear time."""
    return jsonschema_rs.validator_for(
        msgspec.json.decode(schema), pattern_options=jsonschema_rs.RegexOptions(), offline=True
    )
