"""A strict parser of Prometheus' text format 0.0.4, written from its description. It shares no
code with what it judges: lines end with a line feed and nothing else, every sample belongs to the
family announced before it, and no series appears twice.
"""

import re
from dataclasses import dataclass, field

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_KINDS = {"counter", "gauge", "histogram", "summary", "untyped"}
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count", "")}
_UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}

Series = tuple[str, frozenset[tuple[str, str]]]


@dataclass
class Scrape:
    """A parsed page: kinds by family, values by series."""

    kinds: dict[str, str] = field(default_factory=dict)
    values: dict[Series, float] = field(default_factory=dict)

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric over the series with these labels."""
        wanted = set(labels.items())
        return sum(v for (n, labels), v in self.values.items() if n == name and wanted <= labels)

    def label(self, name: str, label: str) -> set[str]:
        """The values of one label."""
        return {v for n, labels in self.values if n == name for k, v in labels if k == label}


def parse(page: bytes) -> Scrape:
    """Parses a page. Raises `AssertionError` for anything that the format forbids."""
    text = page.decode("utf-8")
    assert text.endswith("\n") or not text
    scrape = Scrape()
    family = ""
    for line in text.split("\n")[:-1]:
        if line.startswith("# "):
            word, family, rest = line[2:].split(" ", 2)
            assert word in {"HELP", "TYPE"}, line
            assert _NAME.fullmatch(family), line
            if word == "TYPE":
                assert rest in _KINDS, line
                assert family not in scrape.kinds, f"{family} is announced twice"
                scrape.kinds[family] = rest
            continue
        name, labels, value = _sample(line)
        suffixes = _SUFFIXES.get(scrape.kinds[family], ("",))
        assert name in {family + suffix for suffix in suffixes}, f"{name} stands below {family}"
        series = (name, frozenset(labels.items()))
        assert series not in scrape.values, f"{series} appears twice"
        scrape.values[series] = value
    return scrape


def _sample(line: str) -> tuple[str, dict[str, str], float]:
    found = _NAME.match(line)
    assert found, line
    labels: dict[str, str] = {}
    at = found.end()
    if line[at] == "{":
        at += 1
        while line[at] != "}":
            name, value, at = _label(line, at)
            assert name not in labels, line
            labels[name] = value
            if line[at] == ",":
                at += 1
        at += 1
    assert line[at] == " ", line
    return found[0], labels, float(line[at + 1 :])


def _label(line: str, at: int) -> tuple[str, str, int]:
    found = _NAME.match(line, at)
    assert found, line
    at = found.end()
    assert line[at : at + 2] == '="', line
    at += 2
    value = ""
    while line[at] != '"':
        if line[at] == "\\":
            value += _UNESCAPED[line[at : at + 2]]
            at += 2
        else:
            value += line[at]
            at += 1
    return found[0], value, at + 1
