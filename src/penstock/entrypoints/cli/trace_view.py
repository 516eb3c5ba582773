"""Formats calls and traces for the terminal."""

import json
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree


def call_line(call: dict[str, Any]) -> dict[str, str]:
    """The columns of a call in a list."""
    return {
        "start": _clock(call["start"]),
        "trace_id": call["trace_id"],
        "model": call["model"] or call["request_model"],
        "status": call["status"]
        if call["status"] == "ok"
        else f"{call['status']} {call['http_status']}",
        "tokens": f"{call['input_tokens']} + {call['output_tokens']}",
        "cost": money(call["cost"]),
        "duration": duration(call["duration_ms"]),
        "input": " ".join(call["input"].split())[:60],
    }


def show_trace(trace: dict[str, Any]) -> None:
    """Prints the spans as a tree, then messages, usage and cost of each call."""
    console = Console()
    console.print(_tree(trace))
    for span in trace["spans"]:
        if span["kind"] == "call":
            _show_call(console, span)
    if trace["truncated"]:
        console.print("[dim]More spans exist than are shown.[/]")


def _tree(trace: dict[str, Any]) -> Tree:
    root = Tree(f"[bold]{trace['trace_id']}[/]")
    nodes = {span["span_id"]: Tree(_span_line(span)) for span in trace["spans"]}
    for span in trace["spans"]:
        nodes.get(span["parent_span_id"], root).children.append(nodes[span["span_id"]])
    return root


def _span_line(span: dict[str, Any]) -> str:
    colour = "green" if span["status"] == "ok" else "red"
    line = f"{escape(span['name'])}  [{colour}]{span['status']}[/]  {duration(span['duration_ms'])}"
    if span["error"]:
        line += f"  [red]{escape(span['error']['type'])}: {escape(span['error']['message'])}[/]"
    return line


def _show_call(console: Console, span: dict[str, Any]) -> None:
    for message in [*(span["input"] or ()), *(span["output"] or ())]:
        console.print(f"\n[bold cyan]{escape(str(message.get('role', '')))}[/]")
        for part in message.get("parts", ()):
            text = part.get("content") if isinstance(part.get("content"), str) else json.dumps(part)
            console.print(escape(str(text)))
    console.print()
    if usage := span["usage"]:
        counts = (
            f"{name.removesuffix('_tokens')} {count}" for name, count in usage.items() if count
        )
        console.print(f"[bold]tokens[/]  {', '.join(counts)}")
    if cost := span["cost"]:
        console.print(
            f"[bold]cost[/]    {money(cost['amount'])}  [dim]{escape(cost['price_id'])}[/]"
        )
        console.print(_cost_table(cost["lines"]))
    else:
        console.print("[bold]cost[/]    unpriced")


def _cost_table(lines: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 8))
    for line in lines:
        price = f"{line['count']} × ${line['price']} / {line['per']:,}"
        table.add_row(line["unit"], price, money(line["amount"]))
    return table


def money(amount: str | None) -> str:
    """Formats an amount in USD without trailing zeros; a dash if unpriced."""
    return (
        "–" if amount is None else f"${amount.rstrip('0').rstrip('.') if '.' in amount else amount}"
    )


def duration(ms: float) -> str:
    """Formats milliseconds, or seconds from one second on."""
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().strftime("%m-%d %H:%M:%S")
