"""Shows the figures of metrics beside their means: labels, fields, the order of pairs."""

from collections.abc import Mapping
from typing import Any, Final

import typer

from penstock.entrypoints.cli.output import show_list, show_record

LABEL_COLUMNS: Final = ("label", "expected", "predicted", "right", "precision", "recall", "f1")
CONFUSION_COLUMNS: Final = ("expected", "predicted", "count")
FIELD_COLUMNS: Final = ("field", "right", "size", "rate", "interval")
MAX_SHOWN: Final = 20  # rows of a table for readers; all with --json


def show_figures(metric: Mapping[str, Any]) -> None:
    """Prints the figures of a metric of a report, if it has any."""
    figures = metric["figures"]
    if figures is None:
        return
    typer.echo(f"\n{metric['name']}")
    if found := figures["classification"]:
        _show_classification(found)
    if figures["fields"]:
        rows = [
            {**each, "rate": _rate(each["rate"]), "interval": _interval(each["rate"])}
            for each in figures["fields"][:MAX_SHOWN]
        ]
        show_list(rows, FIELD_COLUMNS, as_json=False, empty="")
    if found := figures["order"]:
        biased = "yes" if found["biased"] else "not shown"
        shown = {name: value for name, value in found.items() if name not in ("biased", "p_bias")}
        bias = f"{biased} (p = {found['p_bias']:.2g})"
        show_record(shown | {"prefers a place": bias}, as_json=False)


def _show_classification(found: Mapping[str, Any]) -> None:
    whole = {
        "accuracy": f"{_rate(found['accuracy'])} ({_interval(found['accuracy'])})",
        "macro F1": _number(found["macro_f1"]),
        "MCC": _number(found["mcc"]),
    }
    show_record(whole, as_json=False)
    labels = [
        {
            **each,
            "precision": _rate(each["precision"]),
            "recall": _rate(each["recall"]),
            "f1": _number(each["f1"]),
        }
        for each in sorted(found["labels"], key=lambda each: -each["expected"])
    ]
    show_list(labels[:MAX_SHOWN], LABEL_COLUMNS, as_json=False, empty="")
    wrong = [each for each in found["confusion"] if each["expected"] != each["predicted"]]
    wrong.sort(key=lambda each: -each["count"])
    show_list(wrong[:MAX_SHOWN], CONFUSION_COLUMNS, as_json=False, empty="All labels are right.")


def _rate(found: Mapping[str, float] | None) -> str:
    return "" if found is None else f"{found['estimate']:.4g}"


def _interval(found: Mapping[str, float] | None) -> str:
    return "" if found is None else f"{found['low']:.3g} to {found['high']:.3g}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
