"""The short texts of `penstock gate --require`."""

import pytest
import typer

from penstock.entrypoints.cli.gate_requirements import requirement


@pytest.mark.parametrize(
    ("text", "threshold"),
    [
        ("correct", {"metric": "correct"}),
        ("correct>=0.9", {"metric": "correct", "kind": "absolute", "at_least": 0.9}),
        ("toxic<=0.01", {"metric": "toxic", "kind": "absolute", "at_most": 0.01}),
        (
            "latency_ms@p95<=3000",
            {"metric": "latency_ms", "kind": "absolute", "at_most": 3000, "quantile": 0.95},
        ),
        ("correct~0.02", {"metric": "correct", "kind": "non_inferior", "margin": 0.02}),
        ("cost_usd~x1.1", {"metric": "cost_usd", "kind": "non_inferior", "ratio": 1.1}),
    ],
)
def test_a_requirement_is_a_threshold(text: str, threshold: dict[str, object]) -> None:
    assert requirement(text) == threshold


@pytest.mark.parametrize(
    "text", ["", "Correct", "correct>0.9", "correct>=", "correct@p95", "correct@p95~0.1", "a b"]
)
def test_another_text_says_what_can_be_written(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="METRIC"):
        requirement(text)
