"""Calls that name what a provider keeps, in all other parts of the gateway: guardrail checks, dry
runs, records that are built again, shadows."""

import base64
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway import responses_api as api
from gateway.conftest import Rig
from gateway.homes import PROJECT, make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import Exchanged, answers, raw_upstream, unary
from gateway.worker import worker
from penstock.gateway.credentials import NamedSecret
from penstock.gateway.kept_ids import with_credential
from penstock.gateway.snapshot.project_index import ModelMatch
from penstock.kernel.errors import NotFound
from penstock.rules.call import CallEnd
from penstock.rules.explanation import DRY_RUN_PATH
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, Place
from penstock.rules.replay import REBUILD_PATH
from penstock.rules.snapshot.providers import CredentialEntry
from penstock.rules.snapshot.routes import RouteEntry, RouteShadow, RouteTarget

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEEPS = {"files": "yes", "responses": "yes"}
CARD = "4111 1111 1111 1111"
CHECK = Check("card_numbers", (Place.INPUT, Place.OUTPUT), Action.REDACT)
GUARDED = b"x-penstock-use-case: guarded\r\n"


def document(**members: Any) -> dict[str, Any]:
    return api.response(api.message(f"Pay {CARD}"), **members)


@pytest_asyncio.fixture(loop_scope="module")
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Two providers, a route with a shadow at the second one, and a policy for a use case."""
    async with raw_upstream(answers(unary(json.dumps(document()).encode()))) as upstream:
        make_home(
            tmp_path / "home",
            [
                provider(
                    upstream.url, quirks=KEEPS, credentials=(CredentialEntry("second", "sec_2"),)
                ),
                provider(upstream.url, "other", models=("tiny",), quirks=KEEPS),
            ],
            routes=[
                RouteEntry(
                    *("shadowed", 1, (RouteTarget("up", "small"),)),
                    shadow=RouteShadow("other", "shadow", 100),
                )
            ],
            guardrails=[
                GuardrailPolicy("cards", "cards", (CHECK,), only={"use_case": ("guarded",)})
            ],
            secrets_by_id={"sec_2": "sk-second-credential"},
        )
        async with worker(tmp_path / "home") as running:
            yield Rig(upstream, running)


async def ask(rig: Rig, headers: bytes = b"", **members: Any) -> Answer:
    body = json.dumps({"model": "up/small", "input": f"I pay {CARD}", **members}).encode()
    return await call(rig.worker.url, body, path="/v1/responses", headers=headers)


async def internal(rig: Rig, internal_path: str, **fields: Any) -> dict[str, Any]:
    token = (rig.worker.home / "gateway.token").read_bytes().strip().decode()
    body = json.dumps({"project_id": PROJECT, **fields}).encode()
    answer = await call(rig.worker.url, body, path=internal_path, key=token)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def bearer(seen: Exchanged) -> bytes:
    found = re.search(rb"authorization: (.*)\r\n", seen.head)
    assert found
    return found[1]


async def test_checks_judge_the_request_and_each_answer_that_is_shown(rig: Rig) -> None:
    name = json.loads((await ask(rig)).body)["id"]
    answer = await ask(rig, GUARDED, previous_response_id=name)
    assert CARD not in answer.body.decode()
    sent = json.loads(rig.upstream.seen[-1].body)
    assert (sent["previous_response_id"], CARD in sent["input"]) == ("resp_1", False)
    path = f"/v1/responses/{name}"
    plain = await call(rig.worker.url, b"", path=path, method="GET")
    judged = await call(rig.worker.url, b"", path=path, method="GET", headers=GUARDED)
    assert (CARD in plain.body.decode(), CARD in judged.body.decode()) == (True, False)
    assert json.loads(judged.body)["id"] == name
    items = {"object": "list", "data": [{"type": "message", "content": f"I pay {CARD}"}]}
    rig.answer(answers(unary(json.dumps(items).encode())))
    listed = await call(
        rig.worker.url, b"", path=f"{path}/input_items", method="GET", headers=GUARDED
    )
    assert (listed.status, CARD in listed.body.decode()) == (200, False)


async def test_a_dry_run_says_where_a_call_goes(rig: Rig) -> None:
    name = json.loads((await ask(rig)).body)["id"]
    asked = {"path": "/v1/responses"}
    wanted = {"model": "up/small", "input": "Hi", "previous_response_id": name}
    found = await internal(rig, DRY_RUN_PATH, **asked, body=json.dumps(wanted))
    assert (found["targets"][0]["provider"], found.get("rejection")) == ("up", None)
    wanted["model"] = "tiny"
    found = await internal(rig, DRY_RUN_PATH, **asked, body=json.dumps(wanted))
    assert found["rejection"]["code"] == "kept_elsewhere"
    assert len(rig.upstream.seen) == 1


async def test_what_named_a_response_is_built_again(rig: Rig) -> None:
    name = json.loads((await ask(rig)).body)["id"]
    answer = await ask(rig, previous_response_id=name)
    end: CallEnd = await rig.end_of(answer.trace_id)
    assert json.loads(end.request)["previous_response_id"] == name
    (attempt,) = end.attempts
    found = await internal(
        rig,
        REBUILD_PATH,
        operation=end.begin.operation,
        dialect=end.begin.dialect,
        request_model=end.begin.request_model,
        stream=False,
        provider=attempt.provider,
        model=attempt.model,
        credential=attempt.credential,
        body=base64.b64encode(end.request).decode(),
        headers=attempt.request_headers,
    )
    assert found["digest"] == attempt.request_digest.hex()
    assert base64.b64decode(found["body"]) == rig.upstream.seen[-1].body


async def test_a_shadow_elsewhere_is_dropped(rig: Rig) -> None:
    for _ in range(2):
        name = json.loads((await ask(rig)).body)["id"]
        of_name = bearer(rig.upstream.seen[-1])
        before = len(rig.upstream.seen)
        answer = await ask(rig, model="shadowed", previous_response_id=name)
        assert answer.status == 200
        await rig.end_of(answer.trace_id)
        assert [bearer(each) for each in rig.upstream.seen[before:]] == [of_name]
    await ask(rig, model="shadowed")
    ends = await rig.worker.wait_for_ends(6)
    assert sum(bool(end.shadow_of) for end in ends) == 1


async def test_a_credential_that_was_removed_is_named() -> None:
    secrets = (NamedSecret("default", "one"), NamedSecret("second", "two"))
    match = ModelMatch(provider("http://127.0.0.1:1/v1"), "small", secrets)
    assert with_credential(match, "second").secrets == secrets[1:]
    assert with_credential(match, "").secrets == secrets[:1]
    with pytest.raises(NotFound, match="'gone' of the provider 'up'"):
        with_credential(match, "gone")
