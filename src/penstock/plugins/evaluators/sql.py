"""Whether a text is SQL, by sqlglot."""

from typing import Any, Final

import sqlglot
from sqlglot import errors, exp

_STATEMENTS: Final = (
    exp.Query,
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.DDL,
    exp.Drop,
    exp.Alter,
    exp.TruncateTable,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
    exp.Set,
    exp.Use,
    exp.Pragma,
)


def sql_problem(text: str, dialect: str = "") -> str:
    """Returns the problem as a sentence; empty if the text is one or more statements that parse.
    A statement that sqlglot does not know in detail, such as EXPLAIN, is a problem."""
    try:
        found: list[Any] = [each for each in sqlglot.parse(text, dialect=dialect or None) if each]
    except (errors.SqlglotError, RecursionError, ValueError) as error:
        return f"It is not SQL: {str(error).splitlines()[0]}"
    unknown = next((each for each in found if not isinstance(each, _STATEMENTS)), None)
    if unknown is not None:
        return f"It is not a known SQL statement: {type(unknown).__name__}."
    return "" if found else "It has no statement."


def sql_dialects() -> tuple[str, ...]:
    """Returns the names of the dialects."""
    return tuple(sorted(each.value for each in sqlglot.Dialects if each.value))
