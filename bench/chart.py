"""Draws the summary as an SVG: horizontal bars on a logarithmic scale, one group per workload."""

from collections.abc import Mapping
from html import escape
from math import log10
from typing import Final

_GROUPS: Final = (
    ("small@64.rate", "0.2 kB prompts, 64 connections: calls a second"),
    ("small@64.product_cpu_us", "the same: CPU µs a call, gateway and server"),
    ("large@64.rate", "32 kB prompts, 4 kB answers, 64 connections: calls a second"),
    ("large@64.product_cpu_us", "the same: CPU µs a call, gateway and server"),
)
_COLOURS: Final = {"penstock": "#0f766e", "nginx": "#64748b", "direct": "#cbd5e1"}
_OTHER: Final = "#d6a35c"
_WIDTH, _LEFT, _BAR, _GAP = 860, 130, 22, 8
_STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#334155}.t{font-weight:600;font-size:15px}"
    "@media(prefers-color-scheme:dark){text{fill:#e2e8f0}}"
)


def draw(summary: Mapping[str, Mapping[str, float]]) -> str:
    """Returns the SVG document."""
    parts: list[str] = []
    y = 10
    for key, title in _GROUPS:
        values = {name: figures[key] for name, figures in summary.items() if figures.get(key)}
        if not values:
            continue
        parts.append(f'<text class="t" x="0" y="{y + 14}">{escape(title)}</text>')
        y += 28
        for name, value in values.items():
            parts.append(_bar(name, value, max(values.values()), y))
            y += _BAR + _GAP
        y += 18
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y}" role="img">'
    return f"{head}<style>{_STYLE}</style>{''.join(parts)}</svg>\n"


def _bar(name: str, value: float, largest: float, y: int) -> str:
    available = _WIDTH - _LEFT - 90
    width = max(2.0, available * log10(max(value, 1)) / log10(max(largest, 10)))
    colour, middle = _COLOURS.get(name, _OTHER), y + 16
    return (
        f'<text x="{_LEFT - 10}" y="{middle}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{_LEFT}" y="{y}" width="{width:.0f}" height="{_BAR}" rx="3" fill="{colour}"/>'
        f'<text x="{_LEFT + width + 8:.0f}" y="{middle}">{value:,.0f}</text>'
    )
