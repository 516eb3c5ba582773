"""Law: no route answers 5xx to any request, and the server continues to work.

`--law-examples N` draws N requests; without it a small draw.
"""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given

from tests.conftest import LawSettings
from tests.server.hostile import Request
from tests.server.hostile_world import LONGEST_S, Answer, World, known_codes, populated, send
from tests.server.running import running

_SMALL = 150
_CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    console = tmp_path_factory.mktemp("console")
    (console / "index.html").write_text("<!doctype html>")
    with running(tmp_path_factory.mktemp("law") / "home", console=str(console)) as server:
        server.wait_for("/readyz")
        yield populated(server)


@pytest.mark.timeout(4 * 3600)  # as long as `--law-examples` takes
def test_no_route_answers_5xx_to_any_request(world: World, law: LawSettings) -> None:
    codes = known_codes()

    @law(_SMALL)
    @given(world.generator().requests(world.operations()))
    def holds(request: Request) -> None:
        if request.target.startswith(b"/api/v1/backup") and "key" in request.role:
            return  # each makes a copy of the stores
        answer = send(world.server.port, request)
        assert _fault(answer, codes) == "", (request, answer)
        assert answer.seconds < LONGEST_S, request
        assert not [secret for secret in world.secrets if secret in answer.body], request
        if request.method in _CHANGING and 200 <= answer.status < 300:
            assert world.lists_that_fail() == [], request
            world.replenish()

    holds()
    assert world.lists_that_fail() == []
    assert "Traceback" not in world.server.log.read_text()


def _fault(answer: Answer, codes: set[str]) -> str:
    """What is wrong with an answer; empty when nothing is."""
    if answer.status == 0:
        return ""  # no HTTP for the server below; its own suite judges that
    if answer.status >= 500:
        return "" if b'"gateway_unavailable"' in answer.body else "a 5xx"  # none runs here
    if answer.invalid:
        return "" if answer.status >= 400 else "an invalid head is not rejected"
    if answer.status < 400 or not answer.body:
        return ""
    if answer.kind != "application/problem+json":
        return f"not a problem but {answer.kind}"
    problem = json.loads(answer.body)
    return "" if problem.get("code") in codes else f"unknown code {problem.get('code')}"
