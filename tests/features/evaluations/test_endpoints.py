"""Runs of HTTP endpoints, over real connections to a server of this machine."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from penstock.features.access import Principal
from penstock.features.evaluations.endpoints import EndpointSecrets, NewEndpoint, check_endpoint
from penstock.features.evaluations.model import EvaluationPlan, EvaluatorChoice
from penstock.features.evaluations.work.endpoints import EndpointSender
from penstock.infra.egress.client import Egress
from penstock.kernel.errors import Forbidden, InvalidRequest
from penstock.rules.evaluation.endpoints import Endpoint, EndpointFormat, request_of, value_at
from penstock.rules.evaluation.items import DatasetItem
from tests.features.evaluations.conftest import Evaluated

SECRETS = EndpointSecrets(bytes(32))
ADMIN = Principal("user", "usr_1", "root@example.org", {}, instance_admin=True)


@dataclass
class Application:
    """An application that answers as it is set to."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    url: str = ""

    echoes: bool = False  # the header of the last request

    def answer(self, path: str, body: Any) -> Any:
        if self.echoes:
            token = self.seen[-1][1]["x-token"].removeprefix("Bearer ")
            return {"output": f"I got {token}", "error": {"message": f"wrong: {token}"}}
        if path.endswith("/chat/completions"):
            text = body["messages"][-1]["content"]
            return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
        return {"data": [{"text": str(body.get("number", ""))}]}


@pytest.fixture
def application() -> Iterator[Application]:
    it = Application()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            sent = {name.lower(): value for name, value in self.headers.items()}
            it.seen.append((self.path, sent, body))
            content = json.dumps(it.answer(self.path, body)).encode()
            self.send_response(it.status)
            for name, value in (it.headers | {"content-length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    it.url = f"http://127.0.0.1:{server.server_port}/answer"
    yield it
    server.shutdown()
    thread.join()
    server.server_close()


def run(evaluated: Evaluated, endpoint: Endpoint, secret: str = "") -> str:
    """Runs it on the dataset, and returns the id of the run."""
    egress = Egress()
    evaluated.work = replace(
        evaluated.work,
        endpoints=lambda project, it: EndpointSender(egress, it, SECRETS.open(project, it)),
    )
    service = replace(evaluated.service, secrets=SECRETS)
    plan = EvaluationPlan("faq", 0, (EvaluatorChoice("equals", "equals"),))
    new = NewEndpoint(endpoint, secret)
    made = service.start(ADMIN, evaluated.project, plan, endpoint=new)
    evaluated.run_jobs()
    egress.close()
    return made.run.id


def states(evaluated: Evaluated, run_id: str) -> dict[str, int]:
    return evaluated.metrics(run_id)["equals"]["states"]


def test_an_application_is_called_with_the_fields_of_each_item(
    evaluated: Evaluated, application: Application
) -> None:
    evaluated.fill(4)
    endpoint = Endpoint(
        application.url,
        fields={"number": "metadata.out", "question": "input"},
        output="data.0.text",
        header="X-Token",
        private_allowed=True,
    )
    application.headers = {"x-penstock-cost": "nonsense", "x-penstock-trace-id": "forged"}
    run_id = run(evaluated, endpoint, "Bearer planted-secret")
    assert evaluated.get(run_id).run.state == "done"
    assert states(evaluated, run_id)["scored"] == 4
    path, headers, body = application.seen[0]
    assert (path, headers["x-token"]) == ("/answer", "Bearer planted-secret")
    assert set(body) == {"number", "question"}
    assert len({each[1]["idempotency-key"] for each in application.seen}) == 4
    (result, *_) = evaluated.results.page(evaluated.project, run_id, (), None, 1)
    assert (result.answer.cost_usd, result.answer.trace_id) == (None, "")
    assert (result.answer.latency_ms or 0) > 0
    stored = evaluated.released.world.stored_bytes() + repr(evaluated.get(run_id)).encode()
    assert b"planted-secret" not in stored


@pytest.mark.parametrize("status", [200, 401])
def test_a_secret_that_an_application_repeats_is_not_stored(
    evaluated: Evaluated, application: Application, status: int
) -> None:
    evaluated.fill(1)
    application.echoes, application.status = True, status
    endpoint = Endpoint(application.url, header="X-Token", private_allowed=True)
    run_id = run(evaluated, endpoint, "Bearer planted-secret")
    (result, *_) = evaluated.results.page(evaluated.project, run_id, (), None, 1)
    assert "[redacted]" in repr(result).lower()
    stored = evaluated.released.world.stored_bytes() + repr(result).encode()
    assert b"planted-secret" not in stored


def test_a_base_url_of_openai_is_called_as_a_chat(
    evaluated: Evaluated, application: Application
) -> None:
    evaluated.fill(2)
    endpoint = Endpoint(application.url, EndpointFormat.OPENAI, model="m", private_allowed=True)
    run_id = run(evaluated, endpoint)
    assert states(evaluated, run_id)["scored"] == 2
    path, _, body = application.seen[0]
    assert (path, body["model"]) == ("/answer/chat/completions", "m")


@pytest.mark.parametrize(
    ("status", "output", "state"),
    [
        (302, "data.0.text", "unmeasured"),
        (400, "data.0.text", "unmeasured"),
        (200, "data.7.text", "infrastructure_error"),
    ],
)
def test_what_is_no_answer_is_a_state(
    evaluated: Evaluated, application: Application, status: int, output: str, state: str
) -> None:
    evaluated.fill(1)
    application.status = status
    application.headers = {"location": "http://127.0.0.1:1/elsewhere"}
    run_id = run(evaluated, Endpoint(application.url, output=output, private_allowed=True))
    assert states(evaluated, run_id)[state] == 1
    assert {each[0] for each in application.seen} == {"/answer"}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://10.1.2.3/",
        "http://169.254.169.254/latest",
        "http://[::1]/",
        "http://2130706433/",
        "http://user@example.org/",
        "file:///etc/passwd",
        "https://example.org/ x",
    ],
)
def test_an_address_that_is_not_public_is_refused(url: str) -> None:
    member = Principal("user", "usr_2", "eve@example.org", {})
    with pytest.raises(InvalidRequest):
        check_endpoint(member, NewEndpoint(Endpoint(url)))
    with pytest.raises(Forbidden):
        check_endpoint(member, NewEndpoint(Endpoint(url, private_allowed=True)))


def test_a_name_of_a_private_address_is_rejected_where_it_is_called(
    evaluated: Evaluated, application: Application
) -> None:
    evaluated.fill(1)
    named = application.url.replace("127.0.0.1", "localhost")
    service_refuses = NewEndpoint(Endpoint(named))
    with pytest.raises(InvalidRequest):
        check_endpoint(ADMIN, service_refuses)
    evaluated.work = replace(
        evaluated.work, endpoints=lambda _, it: EndpointSender(Egress(), it, "")
    )
    plan = EvaluationPlan(
        "faq", 0, (EvaluatorChoice("equals", "equals"),), endpoint=Endpoint(named)
    )
    made = evaluated.service.start(ADMIN, evaluated.project, plan)
    evaluated.run_jobs()
    assert states(evaluated, made.run.id)["unmeasured"] == 1
    assert application.seen == []


def test_a_secret_needs_tls_and_a_header_and_is_bound() -> None:
    with_header = Endpoint("http://example.org/", header="authorization")
    with pytest.raises(InvalidRequest, match="unencrypted"):
        check_endpoint(ADMIN, NewEndpoint(with_header, "s"))
    with pytest.raises(InvalidRequest, match="secret"):
        check_endpoint(ADMIN, NewEndpoint(Endpoint("https://example.org/"), "s"))
    sealed = SECRETS.seal("prj_1", NewEndpoint(with_header, "s"))
    assert SECRETS.open("prj_1", sealed) == "s"
    with pytest.raises(InvalidRequest, match="cannot be read"):
        SECRETS.open("prj_2", sealed)


def test_requests_follow_the_paths() -> None:
    item = DatasetItem("i", {"text": "Hi"}, metadata={"lang": "de"}, context=("a", "b"))
    endpoint = Endpoint("https://e.org", fields={"t": "input.text", "c": "context.1", "id": "id"})
    assert request_of(endpoint, item) == {"t": "Hi", "c": "b", "id": "i"}
    assert request_of(Endpoint("https://e.org"), item) == {"text": "Hi"}
    assert request_of(Endpoint("https://e.org"), DatasetItem("i", "Hi")) == {"input": "Hi"}
    for path in ("a.b", "a.0.x", "", "a.9"):
        with pytest.raises(InvalidRequest):
            value_at({"a": ["x"]}, path)
