"""Checks a page with axe-core, in its present state."""

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page

AXE: Final = Path(__file__).parents[2] / "console/node_modules/axe-core/axe.min.js"
_RUN: Final = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations
    .filter(({impact}) => impact === "serious" || impact === "critical")
    .map(({id, help, nodes}) => ({id, help, nodes: nodes.map(({html, target, any}) =>
      `${target.join(" ")} ${html.slice(0, 160)} ${any.map((each) => each.message).join(" ")}`)}));
}"""


def violations(page: Page) -> list[str]:
    """Returns the serious and critical violations, one line for each element."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed")  # needs: npm
    page.evaluate(AXE.read_text())  # not a script of the page: its policy would refuse it
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return [f"{each['id']}: {node}" for each in found for node in each["nodes"]]
