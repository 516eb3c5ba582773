"""Datasets from Python, against a real server."""

from collections.abc import Iterator

import pytest

from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.sdk import Datasets
from tests.server.running import Server, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("sdk") / "home") as server:
        yield server


@pytest.fixture
def datasets(server: Server) -> Datasets:
    path = f"/api/v1/projects/{server.project_id()}/keys"
    made = server.call("POST", path, server.root, {"name": "sdk", "role": "editor"}).json()
    return Datasets(f"http://127.0.0.1:{server.port}", made["secret"])


def test_a_dataset_is_created_appended_to_and_read(datasets: Datasets) -> None:
    datasets.create("faq", description="Questions")
    with pytest.raises(Conflict):
        datasets.create("faq")
    rows = [{"id": f"q{n}", "input": f"question {n}", "expected": n} for n in range(450)]
    assert datasets.append("faq", rows, message="first") == 1
    assert datasets.append("faq", [{"id": "q7", "input": "changed"}], parent=1) == 2
    with pytest.raises(Conflict):
        datasets.append("faq", rows, parent=1)
    found = list(datasets.items("faq", 1))
    assert [each["id"] for each in found] == [each["id"] for each in rows]
    assert list(datasets.items("faq"))[7]["input"] == "changed"
    with pytest.raises(InvalidRequest):
        datasets.append("faq", [{"input": "fine"}, {"input": 3}])
    assert datasets.append("faq", [{"input": "fine"}]) == 3
    with pytest.raises(NotFound):
        list(datasets.items("other"))
