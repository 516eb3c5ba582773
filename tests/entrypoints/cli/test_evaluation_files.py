"""Files of other evaluation tools: real ones of their own runs, and hostile ones."""

import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from backports.zstd import zipfile as zstd_zipfile

from penstock.entrypoints.cli.foreign_evaluations import inspect_files
from penstock.entrypoints.cli.foreign_evaluations.imported import (
    ForeignEvaluation,
    ForeignRun,
    metric_name,
)
from penstock.entrypoints.cli.foreign_evaluations.inspect_logs import read_inspect
from penstock.entrypoints.cli.foreign_evaluations.openai_evals import read_openai_evals
from penstock.entrypoints.cli.foreign_evaluations.promptfoo import read_promptfoo
from penstock.entrypoints.cli.foreign_evaluations.promptfoo_columns import assertion_of
from penstock.infra.registry import Registry
from penstock.kernel.errors import InvalidRequest, PenstockError
from penstock.rules.evaluation.checks import checks_of, decided
from penstock.rules.evaluation.samples import Sample
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.evaluator import Evaluator
from penstock.spi.measuring import measure
from plugins.evaluators.judges import NobodyAnswers

FILES = Path(__file__).parent / "evaluations"
PROMPTFOO = FILES / "promptfoo"


def states(run: ForeignRun, name: str) -> Counter[Any]:
    """Counts the values of a metric, or the states of those without one."""
    scores = [each.scores[name] for each in run.outputs if name in each.scores]
    return Counter(
        each.value if each.state is ScoreState.SCORED else each.state.value for each in scores
    )


def left_out(found: ForeignEvaluation) -> set[str]:
    return {each["what"] for each in found.left_out.rows()}


def config(folder: Path, text: str, name: str = "promptfooconfig.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_configuration_becomes_prompts_and_items_with_checks() -> None:
    found = read_promptfoo(PROMPTFOO / "promptfooconfig.yaml")
    assert [each.own_name for each in found.prompts] == ["chat", "brief"]
    assert all(each.versions[0].content for each in found.prompts)
    assert len(found.items) == len({each.id for each in found.items}) == 7
    france = found.items[0]
    assert france.input == {"question": 'Capital of France?\nx-sim-step: {"text": "Paris"}'}
    assert france.metadata["vars"] == {"city": "Paris"}  # no prompt names it
    checks = checks_of(france.metadata["checks"])
    assert [each.name for each in checks] == ["latency", "persona", "right", "word-count"]
    assert checks[1].absent
    assert checks[2].options == {"values": ["Paris"], "ignore_case": True}
    poland = found.items[-1]
    assert (poland.metadata["level"], poland.metadata["description"]) == ("hard", "Poland")
    assert poland.source.place == "tests.csv, line 4"
    assert left_out(found) == {
        "providers",
        "assert llm-rubric",
        "assert javascript",
        "assert assert-set",
    }
    assert found.evaluators == ["checks"]
    judged = read_promptfoo(PROMPTFOO / "promptfooconfig.yaml", "openai/judge")
    assert judged.evaluators == ['checks:{"judged": true}']
    rubric = checks_of(judged.items[0].metadata["checks"])[-1]
    assert rubric.options == {"model": "openai/judge", "criteria": "It names a city."}


def test_results_become_runs_whose_states_say_what_was_lost() -> None:
    found = read_promptfoo(PROMPTFOO / "results.json")
    same = read_promptfoo(PROMPTFOO / "promptfooconfig.yaml")
    assert [each.id for each in found.items] == [each.id for each in same.items]
    assert len(found.runs) == 2
    for run in found.runs:
        assert Counter(bool(each.error) for each in run.outputs) == {False: 6, True: 1}
        assert "400" in next(each.error for each in run.outputs if each.error)
        assert states(run, "pass") == {True: 3, False: 2, "judge_error": 1}
        assert states(run, "llm-rubric") == {"judge_error": 1}
        assert states(run, "regex") == {True: 1, False: 1}
        assert run.kinds()["score"] == "mean"


async def test_checks_say_what_promptfoo_says() -> None:
    found = read_promptfoo(PROMPTFOO / "results.json")
    registry: Registry[Evaluator] = Registry("penstock.evaluators")
    items = {each.id: each for each in found.items}
    compared = Counter[str]()
    for output in (each for run in found.runs for each in run.outputs if not each.error):
        item = items[output.item_id]
        sample = Sample(
            item.id, item.input, output.output, item.expected, latency_ms=output.latency_ms
        )
        for check in checks_of(item.metadata["checks"]):
            own = (
                sample
                if check.expected is None
                else msgspec.structs.replace(sample, expected=check.expected)
            )
            measured = await measure(registry.get(check.kind), own, check.options, NobodyAnswers())
            assert decided(check, measured) is output.scores[check.name].value, check
            compared[check.name] += 1
    assert len(compared) == 10, compared
    assert sum(compared.values()) == 44


def test_repeats_of_a_test_are_repeats_of_an_item() -> None:
    found = read_promptfoo(PROMPTFOO / "repeats.json")
    assert len(found.items) == 1
    (run,) = found.runs
    assert [each.repeat for each in run.outputs] == [0, 1]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("file://../outside.txt", "outside"),
        ("file:///etc/passwd.txt", "outside"),
        ("file://code.py", "code"),
        ("file://link.txt", "outside"),
        ("file://absent.txt", "does not exist"),
    ],
)
def test_a_reference_out_of_the_folder_or_to_code_is_named_and_not_followed(
    tmp_path: Path, value: str, why: str
) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / "outside.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    ran = folder / "ran"
    (folder / "code.py").write_text(f"open({str(ran)!r}, 'w')")
    tests = f"tests:\n  - vars: {{q: a}}\n  - vars: {{q: '{value}'}}\n"
    text = f"prompts: ['{{{{q}}}}', '{value}']\n{tests}"
    found = read_promptfoo(config(folder, text))
    assert (len(found.prompts), len(found.items)) == (1, 1)
    rows = [each for each in found.left_out.rows() if each["what"] in ("prompt", "test")]
    assert len(rows) == 2
    assert all(why in each["reason"] for each in rows), rows
    assert not ran.exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("prompts: [a\ntests: [", "promptfooconfig.yaml:2: "),
        ("a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n", "no prompts"),
        ("prompts: ['{{q}}']\ntests:\n  - vars: {q: ''}\n    vars: {q: b}", "stands there twice"),
        ("- a", "no configuration of promptfoo"),
        ("prompts: !!python/name:os.system ''", "promptfooconfig.yaml:1"),
    ],
)
def test_what_is_no_configuration_is_refused_with_its_place(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(InvalidRequest, match=why):
        read_promptfoo(config(tmp_path, text))


def test_aliases_that_repeat_each_other_are_bounded(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for at in range(1, 9):
        aliases = ", ".join([f"*a{at - 1}"] * 10)
        lines.append(f"a{at}: &a{at} [{aliases}]")
    with pytest.raises(InvalidRequest, match="more than 200000 values"):
        read_promptfoo(config(tmp_path, "\n".join(["prompts: ['{{q}}']", *lines])))


def test_combinations_of_variables_are_bounded(tmp_path: Path) -> None:
    values = json.dumps([str(at) for at in range(30)])
    variables = ", ".join(f"v{at}: {values}" for at in range(4))
    with pytest.raises(InvalidRequest, match="combinations"):
        read_promptfoo(
            config(tmp_path, f"prompts: ['{{{{v0}}}}']\ntests: [{{vars: {{{variables}}}}}]")
        )


def test_merged_members_scenarios_and_shared_variables_are_taken(tmp_path: Path) -> None:
    text = """
prompts: '{{q}} in {{where}}'
defaultTest: {vars: {where: Rome}, assert: [{type: contains, value: '{{q}}'}]}
shared: &shared {assert: [{type: regex, value: x}]}
tests: [{<<: *shared, vars: {q: a}}]
scenarios:
  - config: [{vars: {q: b}}, {vars: {q: c}}]
    tests:
      - vars: {where: Bern}
        options: {disableDefaultAsserts: true}
        assert: [{type: is-json}]
"""
    found = read_promptfoo(config(tmp_path, text))
    assert [each.input for each in found.items] == [
        {"where": "Rome", "q": "a"},
        {"where": "Bern", "q": "b"},
        {"where": "Bern", "q": "c"},
    ]
    kinds = [[one["kind"] for one in each.metadata["checks"]] for each in found.items]
    assert kinds == [["contains", "regex"], ["format"], ["format"]]


@pytest.mark.parametrize(
    ("cell", "made"),
    [
        ("Oslo", {"type": "equals", "value": "Oslo"}),
        ("contains", {"type": "equals", "value": "contains"}),
        ("note: this", {"type": "equals", "value": "note: this"}),
        ("not-icontains: a b", {"type": "not-icontains", "value": "a b"}),
        ('contains-any:a,"b, c"', {"type": "contains-any", "value": ["a", "b, c"]}),
        ("latency(1000)", {"type": "latency", "threshold": 1000.0}),
        ("similar(0.8): x", {"type": "similar", "threshold": 0.8, "value": "x"}),
        ("is-json", {"type": "is-json"}),
        ("fn:output.length", {"type": "javascript", "value": "fn:output.length"}),
        ("grade: polite", {"type": "llm-rubric", "value": "polite"}),
    ],
)
def test_a_cell_of_what_is_expected_names_an_assertion(cell: str, made: dict[str, Any]) -> None:
    assert assertion_of(cell) == made


@pytest.mark.parametrize("name", ["capitals.eval", "capitals.json"])
def test_a_log_of_inspect_becomes_items_and_a_run_with_repeats(name: str) -> None:
    found = read_inspect(FILES / "inspect" / name)
    (run,) = found.runs
    assert run.label.startswith("inspect ")
    items = {each.id: each for each in found.items}
    assert items["7"].expected == ["Rome", "Roma"]
    assert items["fr"].metadata == {"continent": "Europe"}
    assert {"sample.events", "sample.messages"} <= left_out(found)
    if name == "capitals.json":
        assert (len(items), len(run.outputs)) == (2, 2)
        return
    assert (len(items), len(run.outputs)) == (5, 10)
    assert Counter(each.repeat for each in run.outputs) == {0: 5, 1: 5}
    assert sum(bool(each.error) for each in run.outputs) == 2
    assert states(run, "includes") == {True: 6, False: 2}
    assert states(run, "careful") == {1.0: 2, 0.5: 2, "abstained": 2, "unmeasured": 2}
    assert states(run, "figures.short") == {True: 6, False: 2}
    assert run.kinds() == {
        "includes": "rate",
        "figures.words": "mean",
        "figures.short": "rate",
        "careful": "mean",
    }


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_files, "MAX_MEMBER_BYTES", 1_000_000)
    path = tmp_path / "bomb.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", '{"eval": {"task": "t"}}')
        archive.writestr("samples/a_epoch_1.json", b"0" * 1_000_001)
    assert path.stat().st_size < 10_000
    with pytest.raises(InvalidRequest, match="unpacks to over 1,000,000 bytes"):
        read_inspect(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04 no archive", "no archive"),
        (b"", "no archive"),
    ],
)
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "log.eval"
    path.write_bytes(content)
    with pytest.raises(InvalidRequest, match=why):
        read_inspect(path)


def test_a_damaged_member_of_an_archive_is_named(tmp_path: Path) -> None:
    source = (FILES / "inspect" / "capitals.eval").read_bytes()
    path = tmp_path / "damaged.eval"
    with zstd_zipfile.ZipFile(FILES / "inspect" / "capitals.eval") as archive:
        at = archive.NameToInfo["samples/fr_epoch_1.json"].header_offset + 100
    path.write_bytes(source[:at] + b"\0" * 200 + source[at + 200 :])
    with pytest.raises(InvalidRequest, match=r"damaged\.eval/samples/fr_epoch_1\.json"):
        read_inspect(path)


def test_samples_a_registry_and_logs_of_openai_evals() -> None:
    openai = FILES / "openai"
    samples = read_openai_evals(openai / "registry" / "data" / "cap" / "samples.jsonl")
    assert [each.expected for each in samples.items] == ["Paris", ["Rome", "Roma"], "Oslo"]
    registry = openai / "registry" / "evals" / "cap.yaml"
    with pytest.raises(InvalidRequest, match="name one"):
        read_openai_evals(registry)
    match = read_openai_evals(registry, "cap")
    assert match.evaluators == ["checks"]
    includes = read_openai_evals(registry, "cap-includes")
    assert includes.evaluators == ['contains:{"mode": "any"}']
    for name, expected in (("match", {True: 1, False: 2}), ("includes", {True: 2, False: 1})):
        log = read_openai_evals(openai / f"{name}.jsonl")
        (run,) = log.runs
        assert states(run, "match") == expected
        assert {each.id for each in log.items} == {each.id for each in match.items}


async def test_a_match_of_openai_evals_is_measured_as_there() -> None:
    openai = FILES / "openai"
    items = {
        each.id: each
        for each in read_openai_evals(openai / "registry" / "evals" / "cap.yaml", "cap").items
    }
    checks: Evaluator = Registry[Evaluator]("penstock.evaluators").get("checks")
    for output in read_openai_evals(openai / "match.jsonl").runs[0].outputs:
        item = items[output.item_id]
        sample = Sample(item.id, item.input, output.output, item.expected, metadata=item.metadata)
        measured = await measure(checks, sample, {}, NobodyAnswers())
        assert measured.value == output.scores["match"].value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"input": ""}',
        '{"input": "a"}\n{',
        '{"spec": 1}\n{"type": "x"}',
        "[" * 9999,
    ],
)
def test_hostile_lines_are_refused_with_their_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match=r"x\.jsonl"):
        read_openai_evals(path)


@pytest.mark.parametrize("document", [[], {}, {"results": {}}, {"results": {"results": [1]}}, 3])
def test_hostile_documents_are_refused_or_have_no_items(tmp_path: Path, document: Any) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(document))
    for read in (read_promptfoo, read_inspect):
        with pytest.raises(PenstockError):
            read(path)


def test_names_of_metrics_are_valid() -> None:
    assert metric_name("Answer Relevance (v2)") == "answer-relevance-v2"
    assert metric_name("1st") == "m-1st"
    assert metric_name("日本") == "m"
