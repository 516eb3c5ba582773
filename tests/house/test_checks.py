"""Each rule reports invalid input and accepts the valid form."""

import subprocess
from pathlib import Path, PurePosixPath
from textwrap import dedent

import pytest

from checks import comments, documents, imports, locks, migrations, names, sizes, state, suite
from checks.__main__ import main
from checks.source import FileRule, Finding, Source

PRODUCT = "src/penstock/rules/prices/price.py"
MANY_LINES = "x = 1\n" * 401
LONG_FUNCTION = "def long() -> None:\n" + "    print()\n" * 61


def source(path: str, text: str) -> Source:
    return Source(PurePosixPath(path), dedent(text))


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        pytest.param(sizes.file_sizes, PRODUCT, MANY_LINES, id="file of 401 lines"),
        pytest.param(sizes.file_sizes, "tests/test_x.py", MANY_LINES * 2, id="test of 802 lines"),
        pytest.param(sizes.file_sizes, "console/src/a.tsx", "//\n" * 251, id="251 lines of tsx"),
        pytest.param(sizes.function_sizes, PRODUCT, LONG_FUNCTION, id="function of 61 lines"),
        pytest.param(state.module_state, PRODUCT, "app = FastAPI()\n", id="app at import"),
        pytest.param(state.module_state, PRODUCT, "_lock = threading.Lock()\n", id="lock"),
        pytest.param(state.module_state, PRODUCT, "register(Plugin)\n", id="work at import"),
        pytest.param(state.module_state, PRODUCT, "for x in y:\n    x()\n", id="loop at import"),
        pytest.param(
            state.module_state, PRODUCT, "def f():\n    global x\n    x = 1\n", id="global"
        ),
        pytest.param(
            state.module_state,
            PRODUCT,
            "SEEN: set[str] = set()\n\n\ndef f(x):\n    SEEN.add(x)\n",
            id="module set changed",
        ),
        pytest.param(
            state.module_state,
            PRODUCT,
            "CACHE = {}\n\n\ndef f(x):\n    CACHE[x] = 1\n",
            id="module dict changed",
        ),
        pytest.param(
            imports.local_imports, PRODUCT, "def f():\n    import numpy\n", id="local import"
        ),
        pytest.param(
            imports.local_imports, PRODUCT, "def f():\n    import x  # lazy: \n", id="no reason"
        ),
        pytest.param(
            imports.verticals,
            "src/penstock/features/traces/http.py",
            "from penstock.features.identity.service import Members\n",
            id="another vertical's service",
        ),
        pytest.param(
            imports.verticals,
            "src/penstock/features/traces/http.py",
            "from penstock.features.identity import store\n",
            id="another vertical's store",
        ),
        pytest.param(comments.suppressions, PRODUCT, "x = 1  # noqa\n", id="bare noqa"),
        pytest.param(comments.suppressions, PRODUCT, "x = 1  # noqa: S603\n", id="no reason"),
        pytest.param(comments.suppressions, PRODUCT, "x = 1  # type: ignore\n", id="type ignore"),
        pytest.param(comments.suppressions, PRODUCT, "# pyright: basic\n", id="pyright off"),
        pytest.param(comments.suppressions, PRODUCT, "# ruff: noqa\n", id="ruff off"),
        pytest.param(comments.unfinished, PRODUCT, "x = 1  # TODO later\n", id="unfinished"),
        pytest.param(names.module_names, "src/penstock/infra/utils.py", "", id="utils"),
        pytest.param(names.module_names, "console/src/common/a.ts", "", id="common"),
        pytest.param(names.module_docstrings, PRODUCT, "x = 1\n", id="no docstring"),
        pytest.param(
            names.module_docstrings,
            PRODUCT,
            '"""A.\n' + "b\n" * 12 + '"""\n',
            id="docstring too long",
        ),
        pytest.param(
            locks.hosts_in_locks, "requirements/dev.txt", "-i https://x/simple\n", id="index"
        ),
        pytest.param(
            locks.hosts_in_locks,
            "console/package-lock.json",
            '"resolved": ' + '"https://x"\n',
            id="npm",
        ),
        pytest.param(locks.unhashed, "requirements/dev.txt", "ruff==1.0\n", id="no hash"),
        pytest.param(suite.skips, "tests/test_x.py", "@pytest." + "mark.skip\n", id="skipped"),
    ],
)
def test_a_broken_rule_is_found(rule: FileRule, path: str, text: str) -> None:
    assert list(rule(source(path, text)))


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (sizes.file_sizes, "console/src/generated/api.ts", "//\n" * 4000),
        (sizes.file_sizes, "tests/test_x.py", MANY_LINES),
        (state.module_state, PRODUCT, "LIMITS: Final = {'a': 1}\nif TYPE_CHECKING:\n    pass\n"),
        (state.module_state, PRODUCT, "def f():\n    seen = set()\n    seen.add(1)\n"),
        (imports.local_imports, PRODUCT, "def f():\n    import chdb  # lazy: 555 MB library\n"),
        (
            imports.verticals,
            "src/penstock/features/traces/http.py",
            "from penstock.features.identity.model import Allow\n",
        ),
        (
            imports.verticals,
            "src/penstock/features/traces/http.py",
            "from penstock.features.identity import model\n",
        ),
        (comments.suppressions, PRODUCT, "x()  # noqa: S603 - fixed argv, no shell\n"),
        (comments.suppressions, PRODUCT, "x()  # pyright: ignore[reportAny] - untyped library\n"),
        (names.module_names, PRODUCT, ""),
        (names.module_docstrings, PRODUCT, '"""Prices."""\n'),
        (locks.unhashed, "requirements/dev.txt", "ruff==1.0 \\\n    --hash=sha256:00\n"),
        (suite.skips, "tests/test_x.py", "pytest.skip('no nginx')  # needs: nginx\n"),
    ],
)
def test_the_valid_form_passes(rule: FileRule, path: str, text: str) -> None:
    assert list(rule(source(path, text))) == []


def test_links_point_to_a_file_and_a_heading() -> None:
    tree = [
        source("README.md", "[a](docs/cli.md#key-create) [b](docs/) [c](https://x.y)\n"),
        source("docs/cli.md", "# Commands\n## Key create\n[up](../README.md)\n"),
    ]
    assert list(documents.links(tree)) == []
    broken = [source("docs/x.md", "[a](gone.md)\n[b](#nowhere)\n[c](../../out.md)\n")]
    assert [found.line for found in documents.links(broken)] == [1, 2, 3]


def test_links_in_code_blocks_are_ignored() -> None:
    assert list(documents.links([source("a.md", "```\n[a](gone.md)\n```\n")])) == []


def test_more_than_one_patch_in_twenty_tests_is_too_many() -> None:
    test = "def test_it() -> None: ...\n"
    patch = "monkeypatch.setattr(time, 'time', lambda: 0)\n"
    assert list(suite.patches([source("tests/a.py", test * 20 + patch)])) == []
    assert list(suite.patches([source("tests/a.py", test * 19 + patch)]))


def test_two_files_of_browser_tests_do_not_share_a_name() -> None:
    first = source("tests/e2e/test_a.py", 'name = "e2e-answers"')
    second = source("tests/e2e/test_b.py", 'mail = "e2e-answers", "ann@example.org"')
    other = source("tests/features/test_c.py", 'name = "e2e-answers"')
    assert list(suite.shared_names([first, other])) == []
    assert [str(finding) for finding in suite.shared_names([first, second])] == [
        "tests/e2e/test_b.py:1: e2e-answers is also in tests/e2e/test_a.py: name it apart"
    ]


def test_a_finding_has_a_location_and_a_message() -> None:
    assert str(Finding("a.py", 3, "too long")) == "a.py:3: too long"


def test_the_command_fails_on_an_invalid_tree_and_reports_the_location(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "utils.py").write_text("x = 1  # noqa\n")
    assert main(["checks", str(tmp_path)]) == 1
    assert "utils.py:1: 'utils' is too general" in capsys.readouterr().out
    (tmp_path / "utils.py").unlink()
    assert main(["checks", str(tmp_path)]) == 0


VERSIONS = "src/penstock/infra/sql/migrations/versions/"


def migration(name: str, revision: str, down: str) -> Source:
    return source(
        VERSIONS + name, f"revision = {revision!r}\ndown_revision = {down}\n".replace("'", '"')
    )


def test_migrations_are_one_chain() -> None:
    first = migration("v0001_keys.py", "0001", "None")
    second = migration("v0002_routes.py", "0002", '"0001"')
    assert list(migrations.chain([second, first])) == []
    same = migration("v0002_users.py", "0002", '"0001"')
    assert [each.path for each in migrations.chain([first, second, same])] == [str(same.path)]
    detached = migration("v0002_routes.py", "0002", '"0003"')
    assert len(list(migrations.chain([first, detached]))) == 1
