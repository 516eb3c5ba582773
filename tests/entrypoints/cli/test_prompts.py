"""`penstock prompts` against a running server: files, conflicts, labels."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from installation import Installation

pytestmark = pytest.mark.drill

CHAT = """\
---
variables:
  question: string
parameters:
  temperature: 0.2
---
[system]
Be brief.

[messages history]

[user]
{{ question }}
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("prompts") / "home")
    it.start()
    yield it
    it.kill()


def run(installation: Installation, directory: Path, *words: str, code: int = 0) -> str:
    return installation.run("prompts", *words, "--dir", str(directory), code=code)


def test_files_are_pushed_pulled_and_conflicts_named(
    installation: Installation, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    (ours / "support").mkdir(parents=True)
    (ours / "support" / "answer.md").write_text(CHAT)
    (ours / "hello.md").write_text("Hello!\n")
    assert "would be added" in run(installation, ours, "push", "--dry-run")
    pushed = run(installation, ours, "push", "-m", "first")
    assert pushed.count("saved") == 2
    assert "parent: " in (ours / "hello.md").read_text()
    assert run(installation, ours, "push").count("unchanged") == 2
    run(installation, theirs, "pull")
    for name in ("hello.md", "support/answer.md"):
        assert (theirs / name).read_text() == (ours / name).read_text()

    for folder, word in ((ours, "Hi"), (theirs, "Hey")):
        file = folder / "hello.md"
        file.write_text(file.read_text().replace("Hello", word))
    run(installation, ours, "push", "-m", "shorter")
    late = run(installation, theirs, "push", code=1)
    assert "conflict" in late
    assert "latest version of 'hello' is 2" in " ".join(late.split())
    assert "conflict" in run(installation, theirs, "pull", "hello", code=1)
    assert "Hey" in (theirs / "hello.md").read_text()
    assert "written" in run(installation, theirs, "pull", "--force")
    assert "Hi!" in (theirs / "hello.md").read_text()

    (ours / "hello.md").write_text("From the repository.\n")
    run(installation, ours, "push", code=1)
    assert "version 3" in run(installation, ours, "push", "--own")


def test_versions_are_shown_compared_and_labelled(
    installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "shown.md"
    file.write_text("One two three.\n")
    run(installation, tmp_path, "push")
    file.write_text(file.read_text().replace("two", "2"))
    run(installation, tmp_path, "push")
    assert "One [-two-]{+2+} three." in installation.run("prompts", "diff", "shown", "1")
    moved = installation.json("prompts", "label", "shown", "production", "1", "-m", "start")
    assert moved["labels"] == {"production": 1}
    stale = installation.run("prompts", "label", "shown", "production", "--seen", "2", code=1)
    assert "is at version 1 now; you saw it at version 2" in stale
    installation.run("prompts", "label", "shown", "production")
    assert "One two three." in installation.run("prompts", "show", "shown", "--version", "1")
    assert installation.json("prompts", "show", "shown")["version"]["number"] == 2
    moves = installation.json("prompts", "history", "shown")
    assert [each["to_version"] for each in moves] == [2, 1]
    assert [each["name"] for each in installation.json("prompts", "list", "three")] == ["shown"]
    installation.run("prompts", "label", "shown", "production", "--remove")
    assert installation.json("prompts", "list", "--label", "production") == []
    installation.run("prompts", "show", "nothing", code=4)


def test_files_that_are_not_valid_are_named(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "bad name.md").write_text("x\n")
    (tmp_path / "typo.md").write_text("---\nvariables: {name: string}\n---\nHi {{ nam }}\n")
    (tmp_path / "yaml.md").write_text("---\nkind: [\n---\nx\n")
    done = " ".join(run(installation, tmp_path, "push", code=1).split())
    assert done.count("failed") == 3
    assert "Did you mean `name`?" in done


@pytest.mark.parametrize(
    ("product", "count"), [("langfuse", 4), ("langsmith", 3), ("mlflow", 3), ("promptlayer", 3)]
)
def test_exports_are_imported_once(installation: Installation, product: str, count: int) -> None:
    file = str(Path(__file__).with_name("exports") / f"{product}.json")
    planned = installation.run(
        "prompts", "import", product, file, "--dry-run", code=product != "mlflow"
    )
    assert planned.count("planned") == count
    first = installation.run("prompts", "import", product, file, code=product != "mlflow")
    assert first.count("saved") == count
    again = installation.run("prompts", "import", product, file, code=product != "mlflow")
    assert (again.count("saved"), again.count("unchanged")) == (0, count)
    named = {each["name"]: each for each in installation.json("prompts", "list")}
    if product == "langfuse":
        assert named["movie-critic"]["labels"] == {"tenant-1": 1, "production": 2}
        assert named["support/reply"]["labels"] == {"staging": 1}
        assert "Not imported" in first
    installation.run("prompts", "label", *_moved(product))
    assert "stays at" in installation.run(
        "prompts", "import", product, file, code=product != "mlflow"
    )


def _moved(product: str) -> tuple[str, str, str]:
    """Moves a label to another version, by hand."""
    return {
        "langfuse": ("movie-critic", "production", "1"),
        "langsmith": ("support-answer", "production", "2"),
        "mlflow": ("summary", "production", "1"),
        "promptlayer": ("welcome", "prod", "2"),
    }[product]
