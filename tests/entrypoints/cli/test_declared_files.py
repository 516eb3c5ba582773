"""Files of a declared configuration: what is wrong is named with its line, and never shown."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.declared.files import Configuration, read_files
from penstock.entrypoints.cli.declared.located import (
    MAX_DEPTH,
    FilePosition,
    parse_toml,
    parse_yaml,
)
from penstock.entrypoints.cli.declared.planning import DeclaredKinds, kinds_of
from penstock.infra.egress.client import Egress
from penstock.kernel.errors import InvalidRequest, PenstockError, SetupError

SECRET = "sk-canary-0123456789-wxyz"


@pytest.fixture(scope="module")
def kinds() -> Iterator[DeclaredKinds]:
    with asyncio.Runner() as runner:
        yield kinds_of(Api("http://127.0.0.1:9", "pk", Egress(), runner), "/api/v1/projects/p")


def read(kinds: DeclaredKinds, path: Path, text: str, name: str = "a.yaml") -> Configuration:
    file = path / name
    file.write_text(text)
    return read_files([file], kinds)


def problems(kinds: DeclaredKinds, path: Path, text: str, name: str = "a.yaml") -> str:
    with pytest.raises(InvalidRequest) as caught:
        read(kinds, path, text, name)
    return caught.value.message.replace(f"{path}/", "")


YAML = """\
providers:
- name: groq
  api_key: file:groq.key
  models: [llama]
routes:
- name: chat
  targets:
  - provider: groq
    model: llama
    weight: 3
limits:
- {name: month, measure: spend, amount: 100.50, window: month}
prices:
- model: llama
  prices: [{unit: input_tokens, price: 0.1}]
"""
TOML = """\
[[providers]]
name = "groq"
api_key = "file:groq.key"
models = ["llama"]
[[routes]]
name = "chat"
[[routes.targets]]
provider = "groq"
model = "llama"
weight = 3
[[limits]]
name = "month"
measure = "spend"
amount = 100.50
window = "month"
[[prices]]
model = "llama"
prices = [{ unit = "input_tokens", price = 0.1 }]
"""


def test_yaml_and_toml_declare_the_same(kinds: DeclaredKinds, tmp_path: Path) -> None:
    (tmp_path / "groq.key").write_text(f"{SECRET}\n")
    both = [
        {key: [(d.name, d.content, d.secrets) for d in found] for key, found in one.items()}
        for one in (read(kinds, tmp_path, YAML), read(kinds, tmp_path, TOML, "a.toml"))
    ]
    assert both[0] == both[1]
    ((name, content, (secret,)),) = both[0]["providers"]
    assert (name, content["base_url"]) == ("groq", "https://api.groq.com/openai/v1")
    assert (secret.name, secret.reference, secret.value) == ("default", "file:groq.key", SECRET)
    assert SECRET not in repr(both)
    ((_, limit, _),) = both[0]["limits"]
    assert limit["amount"] == "100.5"


def test_every_problem_is_named_with_file_and_line(kinds: DeclaredKinds, tmp_path: Path) -> None:
    text = YAML.replace("weight: 3", "wieght: 3").replace("100.50", "-1").replace("0.1}", "x}")
    found = problems(kinds, tmp_path, text + "rotes: []\n").splitlines()
    assert [line.partition(" ")[0] for line in found] == [
        *("a.yaml:3:", "a.yaml:10:", "a.yaml:12:", "a.yaml:15:", "a.yaml:16:"),
    ]
    assert "groq.key cannot be read" in found[0]
    assert "'wieght'; did you mean 'weight'?" in found[1]
    assert "prices.0.price: input should be a valid decimal" in found[3]
    assert "did you mean 'routes'?" in found[4]


def test_toml_names_lines_too(kinds: DeclaredKinds, tmp_path: Path) -> None:
    text = TOML.replace("weight = 3", "wieght = 3").replace('model = "llama"\nprices', "prices")
    found = problems(kinds, tmp_path, text.replace('api_key = "file:groq.key"\n', ""), "a.toml")
    assert [line.partition(" ")[0] for line in found.splitlines()] == ["a.toml:9:", "a.toml:15:"]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        (f"api_key: {SECRET}", "a.yaml:3: This is no reference to a secret."),
        ("api_key: env:NO_SUCH_VARIABLE", "a.yaml:3: The environment variable NO_SUCH_VARIABLE"),
        (f"credentials: [{{name: x, api_key: {SECRET}}}]", "a.yaml:3: This is no reference"),
        (f"apikey: {SECRET}", "did you mean 'api_key'?"),
        (f"quirks: [{SECRET}]", "a.yaml:3: quirks: "),
        (f"api_key: [{SECRET}]", "a.yaml:3: api_key: "),
        ("credentials: [{name: default}]", "a.yaml:3: Each credential needs a name of its own"),
        ("base_url: http://127.0.0.1:1/v1", "a.yaml:3: 127.0.0.1 is a private address."),
        ("name: groq", "a.yaml:3: 'name' stands there twice."),
        ("kind: none", "a.yaml:3: No plugin is installed"),
    ],
)
def test_a_wrong_provider_is_named_without_its_values(
    kinds: DeclaredKinds, tmp_path: Path, line: str, part: str
) -> None:
    found = problems(kinds, tmp_path, f"providers:\n- name: groq\n  {line}\n")
    assert part in found
    assert SECRET not in found


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (
            "- a\n",
            "a.yaml:1: a file has the lists providers, routes, use_cases, rollouts, prices, limits",
        ),
        ("routes: {}\n", "a.yaml:1: 'routes' must be a list."),
        ("routes: [1]\n", "a.yaml:1: input should be a valid dictionary"),
        ("a: [\n", "a.yaml:2: "),
        ("? [a]\n: 1\n", "a name is a text"),
        ("a: !!python/object:os.x {}\nb: !!python/name:os.x\n", "a.yaml:2: "),
        ("a: 2026-13-45T00:00:00Z\n", "cannot be read as YAML"),
        ("a: &a\n- *a\n", "levels"),
        ("routes: " + "[" * 100_000 + "\n", "a.yaml"),
        (
            "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
            + "".join(
                f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n"
                for a, b in zip("abcdefg", "bcdefgh", strict=True)
            ),
            "values",
        ),
        ("limits:\n- {name: x, measure: spend, amount: 1}\n", "a.yaml:2: Every limit has a window"),
        (
            "limits:\n- &x {name: x, measure: spend, amount: 1, window: day}\n- *x\n",
            "'x' is declared at a.yaml:2, too.",
        ),
    ],
)
def test_a_wrong_file_is_refused(
    kinds: DeclaredKinds, tmp_path: Path, text: str, part: str
) -> None:
    assert part in problems(kinds, tmp_path, text)


def test_a_folder_is_read_in_order_and_other_files_are_refused(
    kinds: DeclaredKinds, tmp_path: Path
) -> None:
    limit = "limits:\n- {{name: {}, measure: requests, amount: 1, window: day}}\n"
    (tmp_path / "b.yml").write_text(limit.format("two"))
    (tmp_path / "a.yaml").write_text(limit.format("one"))
    (tmp_path / "c.toml").write_text("prices = []\n")
    (tmp_path / "notes.txt").write_text("no configuration")
    found = read_files([tmp_path], kinds)
    assert {key: [each.name for each in of] for key, of in found.items()} == {
        "limits": ["one", "two"],
        "prices": [],
    }
    for wrong in ("notes.txt", "missing.yaml"):
        with pytest.raises(SetupError):
            read_files([tmp_path / wrong], kinds)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SetupError, match="0 files"):
        read_files([tmp_path / "empty"], kinds)


_NAMES = st.sampled_from(
    (
        *("providers", "routes", "limits", "prices", "name", "targets", "model", "provider"),
        *("api_key", "credentials", "amount", "measure", "window", "only", "prices", "unit"),
    )
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(("groq", "spend", "day", "env:HOME", "file:/dev/null", "http://a/", SECRET)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(_NAMES, st.lists(st.dictionaries(_NAMES, _VALUES), max_size=2) | _VALUES))
def test_any_document_is_read_or_refused_with_a_sentence(
    kinds: DeclaredKinds, tmp_path_factory: pytest.TempPathFactory, document: Any
) -> None:
    folder = tmp_path_factory.mktemp("any")
    refused = refusal(lambda: read(kinds, folder, yaml.safe_dump(document)))
    assert refused is None or str(folder) in refused.message
    assert refused is None or SECRET not in refused.sentence()


def refusal(act: Callable[[], object]) -> PenstockError | None:
    try:
        act()
    except PenstockError as error:
        return error
    return None


@given(st.text(max_size=60) | st.text("[]{}:,=&*!-\n\" 'a1#", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for parse in (parse_yaml, parse_toml):
        places: list[FilePosition] = []
        refused = refusal(lambda parse=parse, of=places: of.append(parse(text, "x")[1]))
        assert bool(places) != bool(refused)
        assert refused is None or refused.message.startswith("x:")
        lines = [line for place in places for line in place.lines.values()]
        assert all(1 <= line <= len(text) + 1 for line in lines)


def test_depth_is_bounded() -> None:
    parse_yaml("a: " + "[" * (MAX_DEPTH - 2) + "]" * (MAX_DEPTH - 2), "x")
    with pytest.raises(InvalidRequest, match="levels"):
        parse_yaml("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "x")
