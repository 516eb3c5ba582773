"""The decision of a gate as others read it: Markdown, JUnit XML, annotations of GitHub Actions.

Names and texts come from users; each format escapes what would end a cell, an element or a line.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final
from xml.etree import ElementTree as ET

from penstock.rules.gates.decision import GateDecision, GateOutcome, ThresholdDecision

SUMMARY: Final[Mapping[GateOutcome, str]] = {
    GateOutcome.PASSED: "Passed: no threshold is shown to be missed",
    GateOutcome.REGRESSION: "Regression",
    GateOutcome.UNMEASURED: "Could not be measured",
}
_ANNOTATIONS: Final[Mapping[GateOutcome, str]] = {
    GateOutcome.PASSED: "notice",
    GateOutcome.REGRESSION: "error",
    GateOutcome.UNMEASURED: "warning",
}
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#+!|<>~])")
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def markdown(decision: GateDecision, title: str) -> str:
    """Returns a table with a row for each threshold."""
    again = " (confirmed by running again what differs)" if decision.confirmed else ""
    lines = [
        f"### {_in_markdown(title)}",
        "",
        f"**{SUMMARY[decision.outcome]}**{again if decision.exit_code == 1 else ''}",
        "",
        "| metric | outcome | candidate | baseline | measured | what was found |",
        "|---|---|---|---|---|---|",
    ]
    for each in decision.thresholds:
        cells = (
            _in_markdown(each.threshold.metric),
            each.outcome.value,
            _number(each.candidate),
            _number(each.baseline),
            f"{each.pairs} of {each.items}{_in_markdown(_states(each))}",
            _in_markdown(each.text),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def junit(decision: GateDecision, title: str) -> str:
    """Returns a test suite with a case for each threshold. A regression is a failure; what could
    not be measured is an error."""
    counts = [each.outcome for each in decision.thresholds]
    suite = ET.Element(
        "testsuite",
        name=_in_xml(title),
        tests=str(len(counts)),
        failures=str(counts.count(GateOutcome.REGRESSION)),
        errors=str(counts.count(GateOutcome.UNMEASURED)),
    )
    tags = {GateOutcome.REGRESSION: "failure", GateOutcome.UNMEASURED: "error"}
    for each in decision.thresholds:
        name = _in_xml(f"{each.threshold.metric} ({each.threshold.kind})")
        case = ET.SubElement(suite, "testcase", classname="penstock.gate", name=name)
        if tag := tags.get(each.outcome):
            ET.SubElement(case, tag, message=_in_xml(each.text))
        ET.SubElement(case, "system-out").text = _in_xml(each.text)
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def github_annotations(decision: GateDecision) -> str:
    """Returns a workflow command for each threshold that did not pass, or one that all did."""
    found = [each for each in decision.thresholds if each.outcome is not GateOutcome.PASSED]
    if not found:
        return f"::notice title=Penstock gate::{SUMMARY[decision.outcome]}\n"
    return "".join(
        f"::{_ANNOTATIONS[each.outcome]} title={_in_property(each.threshold.metric)}"
        f"::{_in_command(each.text)}\n"
        for each in found
    )


FORMATS: Final[Mapping[str, Callable[[GateDecision, str], str]]] = {
    "markdown": markdown,
    "junit": junit,
    "github": lambda decision, _title: github_annotations(decision),
}


def _states(each: ThresholdDecision) -> str:
    """The states of measurements without a value, in either run."""
    both = (("candidate", each.candidate_states), ("baseline", each.baseline_states))
    found = [
        f"{count} {state} ({run})"
        for run, states in both
        for state, count in states.items()
        if state != "scored"
    ]
    return f"; {', '.join(found)}" if found else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _in_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _in_xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _in_command(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _in_property(text: str) -> str:
    return _in_command(text).replace(":", "%3A").replace(",", "%2C")
