"""Writes a plan for people and for programs."""

import json
from collections.abc import Iterator
from typing import Any, Final

from penstock.entrypoints.cli.declared.model import (
    ConfigurationPlan,
    Difference,
    ObjectAction,
    ObjectChange,
)

MAX_SHOWN_CHARS: Final = 120  # of one value
_SIGNS: Final = {
    ObjectAction.CREATE: "+",
    ObjectAction.CHANGE: "~",
    ObjectAction.REPLACE: "±",
    ObjectAction.DELETE: "-",
}
COLORS: Final = {"!": "yellow", "+": "green", "~": "yellow", "±": "yellow", "-": "red"}


def lines_of(plan: ConfigurationPlan) -> Iterator[str]:
    """Yields the lines of a plan: what changes, field by field, and the sum."""
    for change in plan.pending:
        note = f"  ({change.note})" if change.note else ""
        yield f"{_SIGNS[change.action]} {change.noun} {change.name}{note}"
        for difference in change.differences:
            yield f"    {_line(change, difference)}"
    for change in plan.kept:
        yield f"! {change.noun} {change.name} stays as it is: {change.note}."
    yield summary(plan)
    if plan.unmanaged:
        names = ", ".join(f"{noun} {name}" for noun, name in plan.unmanaged[:20])
        more = f" and {len(plan.unmanaged) - 20} more" if len(plan.unmanaged) > 20 else ""
        yield f"In no file, and not changed: {names}{more}."


def summary(plan: ConfigurationPlan) -> str:
    """Returns how much there is to do."""
    if not plan.pending:
        return "Nothing to do."
    counts = {action: sum(change.action is action for change in plan.pending) for action in _SIGNS}
    return (
        ", ".join(f"{count} to {action.value}" for action, count in counts.items() if count) + "."
    )


def document_of(plan: ConfigurationPlan) -> dict[str, Any]:
    """Returns the plan as JSON."""
    return {
        "changes": [
            {
                "action": change.action.value,
                "kind": change.noun,
                "name": change.name,
                "differences": [
                    {"path": each.path, "before": each.before, "after": each.after}
                    for each in change.differences
                ],
            }
            for change in plan.pending
        ],
        "kept": [
            {"kind": change.noun, "name": change.name, "reason": change.note}
            for change in plan.kept
        ],
        "unmanaged": [{"kind": noun, "name": name} for noun, name in plan.unmanaged],
    }


def _line(change: ObjectChange, difference: Difference) -> str:
    after = _shown(difference.after)
    if change.action is ObjectAction.CREATE:
        return f"{difference.path}: {after}"
    return f"{difference.path}: {_shown(difference.before)} → {after}"


def _shown(value: object) -> str:
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = "".join(each if each.isprintable() else "�" for each in text)
    return text if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]}…"
