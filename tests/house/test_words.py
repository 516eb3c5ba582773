"""Each word of the table is found wherever it is put back, and plain text is left alone."""

import tomllib
from pathlib import Path, PurePosixPath

import pytest

from checks import words
from checks.source import Source

TABLE = tomllib.loads(Path(words.__file__).with_suffix(".toml").read_text("utf-8"))["word"]


def source(path: str, text: str) -> Source:
    return Source(PurePosixPath(path), text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/penstock/a.py", "def keep_house() -> None: ...\n"),
        ("src/penstock/a.py", "class Doorkeeper: ...\n"),
        ("src/penstock/a.py", "# The batch is put back.\n"),
        ("tests/test_a.py", "def test_the_verdict_is_told(): ...\n"),
        ("docs/a.md", "A parcel is set aside.\n"),
        ("console/src/a.tsx", "const label = 'Say for whom its calls are'\n"),
        ("console/src/KeyWish.ts", "\n"),
        ("README.md", "Calls are booked.\n"),
    ],
)
def test_a_word_of_the_table_is_found_in_every_kind_of_file(path: str, text: str) -> None:
    assert list(words.words(source(path, text)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/penstock/a.py", "price_book = PriceBook(string, trailing)\n"),
        ("src/penstock/a.py", "refusal: str | None = None  # a member of OpenAI's message\n"),
        ("console/src/a.tsx", "<aside className='focus:ring-2'>\n"),
        ("docs/a.md", "The batch is quarantined and requeued.\n"),
        ("CHANGELOG.md", "The word parcel is gone.\n"),
    ],
)
def test_standard_terms_are_left_alone(path: str, text: str) -> None:
    assert not list(words.words(source(path, text)))


def test_every_pattern_finds_something_that_it_does_not_allow() -> None:
    for row in TABLE:
        assert row["use"]
        assert row["example"], row["pattern"]
        assert list(words.words(source("docs/a.md", row["example"]))), row["pattern"]


@pytest.mark.parametrize("opening", ["What it holds.", "Whether it is free.", "Does so if it is."])
def test_a_docstring_that_does_not_say_what_a_thing_is_or_does_is_found(opening: str) -> None:
    text = f'def f() -> None:\n    """{opening}"""\n'
    assert list(words.openings(source("src/penstock/a.py", text)))
    assert not list(words.openings(source("tests/test_a.py", text)))
    plain = 'def f() -> None:\n    """Returns whether it is free."""\n'
    assert not list(words.openings(source("src/penstock/a.py", plain)))


def test_two_classes_of_one_name_are_found() -> None:
    one = source("src/penstock/a.py", "class Page: ...\nclass _Row: ...\n")
    other = source("src/penstock/b.py", "class Page: ...\nclass _Row: ...\n")
    found = list(words.unique_types([one, other]))
    assert [finding.path for finding in found] == ["src/penstock/b.py"]
    assert not list(words.unique_types([one]))
