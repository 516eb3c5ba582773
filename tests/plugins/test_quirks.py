"""The console offers every quirk that is read, and the page of providers describes it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
READ = re.compile(
    r'quirks\.get\(\s*"(\w+)"|_serves\(provider, "(\w+)"\)|_(?:RENAME|DROP): Final = "(\w+)"'
)


def test_every_quirk_that_is_read_is_offered_and_described() -> None:
    sources = [path.read_text() for path in (ROOT / "src/penstock").rglob("*.py")]
    read = {name for text in sources for found in READ.findall(text) for name in found if name}
    table = (ROOT / "console/src/features/providers/quirks.ts").read_text()
    assert set(re.findall(r'^    name: "(\w+)"', table, re.MULTILINE)) == read
    described = (ROOT / "docs/providers.md").read_text()
    assert [name for name in sorted(read) if f"`{name}" not in described] == []
