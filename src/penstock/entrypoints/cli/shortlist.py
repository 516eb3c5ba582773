"""`penstock model shortlist`: which models meet requirements, best first, with the reasons."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import typer

from penstock.entrypoints.cli import options
from penstock.entrypoints.cli.api import open_api
from penstock.entrypoints.cli.output import show_json, show_list

RANKED: Final = ("rank", "send_as", "cost", "calls", "median", "p95", "errors", "prefers", "marks")
EXCLUDED: Final = ("send_as", "excluded_because")
NONE_FITS: Final = "No model meets all requirements."
_WORDS: Final = {"vision": "image", "audio": "audio", "video": "video", "documents": "document"}
_RESULTS: Final = {"met": "yes", "unmet": "no", "unknown": "?"}

Cost = Annotated[str | None, typer.Option("--max-cost", help="USD a call, at most.")]
Tokens = Annotated[
    str | None,
    typer.Option(
        metavar="IN/OUT",
        help="Tokens of a typical call, such as 1000/300. [compare what calls have cost]",
    ),
]
Latency = Annotated[float | None, typer.Option(help="Median of the project's calls, in ms.")]
LatencyP95 = Annotated[float | None, typer.Option("--max-latency-p95", help="95th percentile.")]
Errors = Annotated[float | None, typer.Option(help="Share of failed calls, such as 0.01.")]
MinScore = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=MEAN", help="Least mean of a score (repeatable)."),
]
ContextTokens = Annotated[int | None, typer.Option("--context", help="Tokens, at least.")]
OutputTokens = Annotated[int | None, typer.Option("--output", help="Tokens, at least.")]
Needs = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ABILITIES",
        help="With commas: tools, structured_output, reasoning, logprobs, tunable, open_weights,"
        " self_hosted; vision, audio, video, documents as input.",
    ),
]
Writes = Annotated[
    list[str] | None, typer.Option(help="Kinds of output, with commas: text, image, audio, …")
]
Region = Annotated[
    list[str] | None, typer.Option(help="Region of the data; one of several (repeatable).")
]
Licence = Annotated[list[str] | None, typer.Option(help="One of several (repeatable).")]
Vendor = Annotated[
    list[str] | None,
    typer.Option("--exclude-vendor", help="Neither serves nor made the model (repeatable)."),
]
Prefer = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OPTION=VALUE",
        help="As an option without its dashes, but only ranks: max-latency=800, needs=reasoning,"
        " min-score=helpful=0.8 (repeatable, the most important one first).",
    ),
]


def shortlist(
    *,
    max_cost: Cost = None,
    tokens: Tokens = None,
    max_latency: Latency = None,
    max_latency_p95: LatencyP95 = None,
    max_errors: Errors = None,
    min_score: MinScore = None,
    context: ContextTokens = None,
    output: OutputTokens = None,
    needs: Needs = None,
    writes: Writes = None,
    region: Region = None,
    licence: Licence = None,
    exclude_vendor: Vendor = None,
    self_hosted: Annotated[
        bool, typer.Option("--self-hosted", help="On a server of your own network.")
    ] = False,
    prefer: Prefer = None,
    certain: Annotated[
        bool, typer.Option("--certain", help="Exclude what is not known to meet all.")
    ] = False,
    search: Annotated[str, typer.Option(help="Part of the model's id.")] = "",
    days: Annotated[int, typer.Option(min=1, max=90, help="Days of measured calls.")] = 30,
    min_calls: Annotated[int, typer.Option(min=1, help="Calls that a figure needs.")] = 20,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="Rows.")] = 20,
    project: options.ProjectId = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Find the models that meet requirements, by their facts and prices and by the project's own
    calls. Ranked by what is known, then by preferences, then by cost."""
    given: dict[str, object] = {
        "max-cost": max_cost,
        "max-latency": max_latency,
        "max-latency-p95": max_latency_p95,
        "max-errors": max_errors,
        "min-score": min_score,
        "context": context,
        "output": output,
        "needs": [*(needs or ()), *(["self_hosted"] if self_hosted else ())],
        "writes": writes,
        "region": region,
        "licence": licence,
        "exclude-vendor": exclude_vendor,
    }
    body = {
        "required": _requirements(given),
        "preferred": [_preference(text) for text in prefer or ()],
        "tokens": _tokens(tokens) if tokens else None,
        "unknown": "exclude" if certain else "pass",
        "search": search,
        "days": days,
        "min_calls": min_calls,
        "limit": limit,
    }
    with open_api(home) as api:
        found = api.call("POST", f"{api.project(project)}/models/shortlist", body)
    if as_json:
        show_json(found)
        return
    show_list(map(_ranked, found["ranked"]), RANKED, as_json=False, empty=NONE_FITS)
    excluded = [
        {"send_as": one["send_as"], "excluded_because": _reasons(one["reasons"])}
        for one in found["excluded"]
    ]
    if excluded:
        show_list(excluded, EXCLUDED, as_json=False, empty=NONE_FITS)


def _requirements(given: Mapping[str, object]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, value in given.items():
        if value not in (None, []):
            body.update(_FIELDS[name](value))
    return body


def _preference(text: str) -> dict[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or name not in _FIELDS:
        known = ", ".join(_FIELDS)
        raise typer.BadParameter(
            f"{text!r} is not valid: write OPTION=VALUE with one of {known}",
            param_hint="--prefer",
        )
    return _FIELDS[name](value if name in _NUMBERS else [value])


def _needs(given: Any) -> dict[str, Any]:
    named = [name.replace("-", "_") for name in _split(given)]
    return {
        "needs": [name for name in named if name not in _WORDS],
        "inputs": [_WORDS[name] for name in named if name in _WORDS],
    }


def _scores(given: Any) -> dict[str, Any]:
    scores: dict[str, str] = {}
    for text in given:
        name, equals, mean = text.rpartition("=")
        if not equals or not name:
            raise typer.BadParameter(
                f"{text!r} is not valid: write NAME=MEAN", param_hint="--min-score"
            )
        scores[name] = mean
    return {"min_scores": scores}


def _field(name: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {name: value}


def _list(name: str) -> Callable[[Any], dict[str, Any]]:
    return lambda given: {name: _split(given)}


def _split(given: Any) -> list[str]:
    return [name.strip() for text in given for name in text.split(",") if name.strip()]


_NUMBERS: Final = {
    "max-cost": "max_cost",
    "max-latency": "max_latency_ms",
    "max-latency-p95": "max_latency_p95_ms",
    "max-errors": "max_error_rate",
    "context": "min_context_tokens",
    "output": "min_output_tokens",
}
_FIELDS: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    **{option: _field(name) for option, name in _NUMBERS.items()},
    "min-score": _scores,
    "needs": _needs,
    "writes": _list("outputs"),
    "region": _list("regions"),
    "licence": _list("licences"),
    "exclude-vendor": _list("excluded_vendors"),
}


def _tokens(text: str) -> dict[str, int]:
    of_input, slash, of_output = text.partition("/")
    if not slash or not of_input.isdecimal() or not of_output.isdecimal():
        raise typer.BadParameter(
            f"{text!r} is not valid: write IN/OUT, such as 1000/300", param_hint="--tokens"
        )
    return {"input": int(of_input), "output": int(of_output)}


def _ranked(one: dict[str, Any]) -> dict[str, Any]:
    measured: dict[str, Any] = one["measured"]
    calls = measured["calls"]
    retires = one["retirement"]
    marks = [each["reason"] for each in one["findings"] if each["result"] == "unknown"]
    if retires and retires["warns"]:
        marks.append(f"retires on {retires['on']}")
    return {
        "rank": one["rank"],
        "send_as": one["send_as"],
        "cost": f"${one['cost']['usd']}" if one["cost"]["usd"] else "?",
        "calls": calls or None,
        "median": _ms(measured["latency_ms"]),
        "p95": _ms(measured["latency_p95_ms"]),
        "errors": f"{measured['errors'] / calls:.1%}" if calls else None,
        "prefers": [_RESULTS[each["result"]] for each in one["preferences"]],
        "marks": "; ".join(marks),
    }


def _ms(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f} ms"


def _reasons(findings: list[dict[str, Any]]) -> str:
    return "; ".join(each["reason"] for each in findings)
