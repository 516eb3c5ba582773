"""`python -m checks [root]`: applies every rule to every file; exits with 1 on a finding."""

import sys
from collections.abc import Iterator
from pathlib import Path

from checks import (
    bounds,
    comments,
    documents,
    imports,
    locks,
    migrations,
    names,
    sizes,
    state,
    suite,
    words,
)
from checks.source import FileRule, Finding, Source, TreeRule, sources

FILE_RULES: tuple[FileRule, ...] = (
    comments.suppressions,
    comments.unfinished,
    imports.local_imports,
    imports.verticals,
    locks.hosts_in_locks,
    locks.unhashed,
    names.module_docstrings,
    names.module_names,
    sizes.file_sizes,
    sizes.function_sizes,
    state.module_state,
    suite.skips,
    words.words,
    words.openings,
)
TREE_RULES: tuple[TreeRule, ...] = (
    bounds.unlisted,
    documents.links,
    migrations.chain,
    suite.patches,
    suite.shared_names,
    words.unique_types,
)


def findings(tree: list[Source]) -> Iterator[Finding]:
    """Yields the findings, file by file and then for the whole tree."""
    for source in tree:
        for rule in FILE_RULES:
            yield from rule(source)
    for rule in TREE_RULES:
        yield from rule(tree)


def main(argv: list[str]) -> int:
    tree = sources(Path(argv[1]) if len(argv) > 1 else Path.cwd())
    found = sorted(set(findings(tree)))
    for one in found:
        print(one)
    print(f"{len(tree)} files, {len(FILE_RULES) + len(TREE_RULES)} rules, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
