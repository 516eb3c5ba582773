"""A conjunction of conditions with bound parameters. Text of clients is never part of a
statement."""

from dataclasses import dataclass, field

from penstock.infra.columns.connection import Param


@dataclass(slots=True)
class Conditions:
    """Conditions of a WHERE clause, with their parameters."""

    conditions: list[str] = field(default_factory=list[str])
    params: dict[str, Param] = field(default_factory=dict[str, Param])

    def require(self, condition: str, **params: Param) -> None:
        """Adds a condition."""
        self.conditions.append(condition)
        self.params.update(params)

    def require_any(self, expression: str, name: str, values: tuple[str, ...]) -> None:
        """Adds the condition that an expression has one of these values; none: any value."""
        if values:
            self.require(f"{expression} IN {{{name}:Array(String)}}", **{name: values})

    def clause(self) -> str:
        """Returns the conditions as the text after WHERE."""
        return " AND ".join(self.conditions)
