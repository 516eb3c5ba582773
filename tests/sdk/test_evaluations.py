"""Evaluation runs from Python, in a whole installation: with a worker and a gateway."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from installation import Installation
from penstock.kernel.errors import NotFound, UpstreamFailed
from penstock.sdk import Datasets, Evaluations


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("evaluations") / "home")
    try:
        it.start()
        it.wait_for(it.answers)
        yield it
    finally:
        it.kill()


@pytest.fixture(scope="module")
def evaluations(it: Installation) -> Evaluations:
    project = it.get("/api/v1/projects")["items"][0]["id"]
    made = it.post(f"/api/v1/projects/{project}/keys", {"name": "sdk", "role": "editor"})
    server = f"http://127.0.0.1:{it.server_port}"
    datasets = Datasets(server, made["secret"])
    datasets.create("sums")
    datasets.append(
        "sums",
        [
            {"id": f"q{n}", "input": f"{n}+{n}", "expected": str(n + n), "split": "ab"[n % 2]}
            for n in range(8)
        ],
    )
    return Evaluations(server, made["secret"])


def metric(report: Any, name: str) -> Any:
    return next(each for each in report["metrics"] if each["name"] == name)


def test_a_function_is_measured_also_where_it_raises(evaluations: Evaluations) -> None:
    threads: set[str] = set()

    def add(text: str) -> str:
        threads.add(threading.current_thread().name)
        one, other = map(int, text.split("+"))
        return str(one + other if one else 1 // one)

    quick = {"kind": "latency", "name": "quick", "options": {"most_ms": 10_000}}
    report = evaluations.evaluate(add, "sums", ["equals", quick], concurrency=2, repeats=2)
    found = metric(report, "equals")
    assert (found["scored"], found["samples"], found["estimate"]["mean"]) == (14, 16, 1.0)
    assert report["rows"] == {"measured": 14, "rejected": 2}
    assert metric(report, "quick")["scored"] == 14
    assert all(each.startswith("penstock-evaluate") for each in threads)
    part = evaluations.evaluate(lambda _: "0", "sums", ["equals"], split="a")
    assert metric(part, "equals")["samples"] == 4


def test_a_function_that_only_raises_ends_its_run(
    evaluations: Evaluations, it: Installation
) -> None:
    with pytest.raises(UpstreamFailed, match="returned no output"):
        evaluations.evaluate(lambda _: 3, "sums", ["equals"])  # pyright: ignore[reportArgumentType] - on purpose
    project = it.get("/api/v1/projects")["items"][0]["id"]
    newest = it.get(f"/api/v1/projects/{project}/evaluations")["items"][0]
    assert newest["state"] == "cancelled"


def test_a_model_is_called_as_the_key_of_the_client(evaluations: Evaluations) -> None:
    target = {"model": "sim/sim-small"}
    run = evaluations.start("sums", ["equals"], target=target, item_ids=["q1", "q2"])
    report = evaluations.wait(run, timeout_s=60)
    assert report["rows"] == {"measured": 2}
    assert metric(report, "cost_usd")["estimate"]["mean"] > 0
    with pytest.raises(NotFound):
        evaluations.report("evr_none")
