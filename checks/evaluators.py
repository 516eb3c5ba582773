"""Writes docs/evaluator-list.md: each built-in evaluator with its options and its source."""

import json
from importlib.metadata import distribution
from typing import Any, Final

from penstock.infra.registry import Registry
from penstock.spi.evaluator import Evaluator

GROUP: Final = "penstock.evaluators"
_INTRO: Final = """\
# List of evaluators

The evaluators of the package. [Evaluators](evaluators.md) explains how they measure, and how to
write one. `penstock evaluator show NAME` prints the same. Values of the formulas are compared with
published ones, or ones worked out by hand, in `tests/rules/evaluation` and
`tests/plugins/evaluators`.

<!-- Generated from the code by `make docs`: change it there. -->

| evaluator | measures | options | source |
|---|---|---|---|
"""


def evaluators_page() -> str:
    """The whole page."""
    registry: Registry[Evaluator] = Registry(GROUP)
    own = distribution("penstock").entry_points
    names = sorted({each.name for each in own if each.group == GROUP})
    return _INTRO + "".join(_row(name, registry.get(name)) for name in names)


def _row(name: str, evaluator: Evaluator) -> str:
    found = evaluator.describe()
    required = set(found.options.get("required", ()))
    properties: dict[str, Any] = found.options.get("properties", {})
    options = ", ".join(_option(key, schema, required) for key, schema in properties.items())
    return f"| `{name}` | {found.summary} | {options or '–'} | {found.source or '–'} |\n"


def _option(key: str, schema: dict[str, Any], required: set[str]) -> str:
    if key in required:
        return f"**`{key}`**"
    default = json.dumps(schema.get("default"), ensure_ascii=False)
    return f"`{key}`" if default in {"null", '""', "[]"} else f"`{key}` = `{default}`"
