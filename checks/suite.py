"""Rules for the test suite: few patches, no unconditional skips, names of browser tests."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from checks.source import Finding, Source

PATCHES_PER_TEST = 0.05
_PATCH = re.compile(r"monkeypatch\.(setattr|setitem)\(|\b(mock\.)?patch(\.object|\.dict)?\(")
_TEST = re.compile(r"^\s*(async )?def test_", re.MULTILINE)
_BROWSER_TESTS = PurePosixPath("tests/e2e")
_BROWSER_NAME = re.compile(r'"(e2e-[\w-]+|[\w.]+@example\.org)"')
_SKIP = re.compile(r"pytest\.(mark\.)?(skip|xfail)\b")


def patches(tree: Iterable[Source]) -> Iterator[Finding]:
    """Reports more than one patch per twenty tests: pass dependencies as arguments instead."""
    tests = [s for s in tree if s.is_python and s.path.parts[0] == "tests"]
    patch_count = sum(len(_PATCH.findall(source.text)) for source in tests)
    test_count = sum(len(_TEST.findall(source.text)) for source in tests)
    if patch_count > PATCHES_PER_TEST * test_count:
        message = f"{patch_count} patches in {test_count} tests, the limit is {PATCHES_PER_TEST}"
        yield Finding("tests", 1, f"{message}: pass what is patched as an argument")


def skips(source: Source) -> Iterator[Finding]:
    """Finds skipped tests, except those that name what the machine lacks."""
    if not source.is_python or source.path.parts[0] != "tests":
        return
    for number, line in enumerate(source.lines, 1):
        statement = source.lines[number - 1 : number + 3]
        if _SKIP.search(line) and not any("# needs: " in part for part in statement):
            message = (
                "skipped or expected to fail: add `# needs: what` if it depends on the machine"
            )
            yield Finding(str(source.path), number, message)


def shared_names(tree: Iterable[Source]) -> Iterator[Finding]:
    """Finds a name that two files of browser tests use: all files share one installation."""
    used: dict[str, str] = {}
    for source in tree:
        if source.path.parent != _BROWSER_TESTS or not source.path.name.startswith("test_"):
            continue
        path = str(source.path)
        for number, line in enumerate(source.lines, 1):
            for name in _BROWSER_NAME.findall(line):
                if used.setdefault(name, path) != path:
                    yield Finding(path, number, f"{name} is also in {used[name]}: name it apart")
