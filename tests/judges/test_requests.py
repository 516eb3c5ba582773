"""What our plugins send is what the vendors' own clients send, but for the listed differences."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from checks.judges import read_judges
from judges.anthropic_calls import ANTHROPIC
from judges.bedrock_calls import BEDROCK, REGION
from judges.cohere_calls import COHERE
from judges.conversations import STREAMED, conversations
from judges.gemini_calls import GEMINI
from judges.judge import SECRET, Judge, differences
from judges.mistral_calls import MISTRAL
from judges.openai_calls import OPENAI
from judges.recorder import Recorded, Recorder, recorder
from judges.responses_calls import RESPONSES
from penstock.kernel.errors import InvalidRequest
from penstock.spi.chat import BuiltRequest, OutgoingCall
from penstock.spi.http import HttpRequest

JUDGES = (OPENAI, RESPONSES, ANTHROPIC, GEMINI, COHERE, MISTRAL, BEDROCK)
NAMES = tuple(conversations(""))
_SIGNED = re.compile(r"Credential=(\S+?), ?SignedHeaders=(\S+?), ?Signature=([0-9a-f]{64})")


@pytest.fixture(scope="module")
def tape() -> Iterator[Recorder]:
    with recorder() as running:
        yield running


def built(judge: Judge, name: str, address: str) -> BuiltRequest:
    """The request of our plugin for a call."""
    conversation = conversations(judge.plugin.dialect)[name]
    call = OutgoingCall("chat", judge.model, name in STREAMED, b"", conversation=conversation)
    return judge.plugin.build(judge.provider(address), call)


def recorded(tape: Recorder, judge: Judge, method: str, arguments: Any) -> Recorded:
    """The request of the vendor's client."""
    tape.seen.clear()
    judge.send(tape.address, method, arguments)
    (found,) = tape.seen
    return found


def check_head(judge: Judge, theirs: Recorded, ours: HttpRequest) -> None:
    """Checks method, address and headers."""
    address = urlsplit(ours.url)
    path = f"{address.path}?{address.query}" if address.query else address.path
    assert (ours.method, path) == (theirs.method, theirs.path)
    headers = {name.decode(): value.decode() for name, value in ours.headers}
    for name in judge.headers:
        assert headers[name] == theirs.headers[name]
    others = judge.listed.headers
    for name in others:
        assert headers.get(name) != theirs.headers.get(name)
    assert {*headers} - {*theirs.headers, *others} <= {"accept"}  # botocore has none


def unexplained(judge: Judge, name: str, theirs: Recorded, ours: HttpRequest) -> set[str]:
    """The places that differ without a reason, or have a reason without a difference."""
    found = differences(judge.reading(theirs.document), judge.reading(json.loads(ours.body)))
    always = judge.listed.always
    rest = {at for at in found if not any(re.fullmatch(each, at) for each in always)}
    return rest ^ set(judge.listed.differs.get(name, ()))


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.package)
def test_our_requests_are_those_of_the_client(tape: Recorder, judge: Judge) -> None:
    wrong: dict[str, set[str]] = {}
    for name, arguments in judge.calls.items():
        if arguments is None:
            with pytest.raises(InvalidRequest) as raised:
                built(judge, name, tape.address)
            assert raised.value.code == "not_translatable"
            assert raised.value.param == judge.listed.refused[name][0]
            continue
        theirs = recorded(tape, judge, judge.methods[name in STREAMED], arguments)
        ours = built(judge, name, tape.address).http
        check_head(judge, theirs, ours)
        if found := unexplained(judge, name, theirs, ours):
            wrong[name] = found
    assert wrong == {}


@pytest.mark.parametrize("judge", [each for each in JUDGES if each.passed], ids=lambda j: j.package)
def test_passed_requests_are_those_of_the_client(tape: Recorder, judge: Judge) -> None:
    provider = judge.provider(tape.address)
    for passed in judge.passed.values():
        theirs = recorded(tape, judge, passed.method, passed.arguments)
        plugin, model = judge.plugin, str(passed.arguments["model"])
        if passed.dialect:
            plugin = plugin.for_dialect(passed.dialect, provider, model)
        call = OutgoingCall(passed.operation, model, stream=False, body=theirs.body)
        ours = plugin.build(provider, call).http
        check_head(judge, theirs, ours)
        assert json.loads(ours.body) == theirs.document


def test_each_judge_has_each_call_and_is_listed() -> None:
    assert {judge.name: set(judge.calls) for judge in JUDGES} == {
        judge.name: set(NAMES) for judge in JUDGES
    }
    assert len(NAMES) >= 20
    for judge in JUDGES:
        refused = {name for name, arguments in judge.calls.items() if arguments is None}
        assert (judge.listed.package, set(judge.listed.refused)) == (judge.package, refused)
    assert [each.name for each in read_judges().requests] == [judge.name for judge in JUDGES]


def test_both_signatures_are_those_of_the_credentials(tape: Recorder) -> None:
    theirs = recorded(tape, BEDROCK, "converse", BEDROCK.calls["text"])
    ours = built(BEDROCK, "text", tape.address).http
    headers = {name.decode(): value.decode() for name, value in ours.headers}
    mine = Recorded(ours.method, urlsplit(ours.url).path, headers, ours.body)
    for request in (theirs, mine):
        found = _SIGNED.search(request.headers["authorization"])
        assert found is not None
        scope, names, signature = found.groups()
        date = request.headers["x-amz-date"]
        assert scope == f"{SECRET.partition(':')[0]}/{date[:8]}/{REGION}/bedrock/aws4_request"
        assert {"host", "x-amz-date"} <= set(names.split(";"))
        assert signature == signed(tape.address, request, names.split(";"))


def signed(address: str, request: Recorded, names: list[str]) -> str:
    """The signature of a request by botocore's signer."""
    again = AWSRequest(request.method, address + request.path, data=request.body)
    for name in names:
        if name in request.headers and name != "host":
            again.headers[name] = request.headers[name]
    again.context["timestamp"] = request.headers["x-amz-date"]
    signer = SigV4Auth(Credentials(*SECRET.split(":")), "bedrock", REGION)
    canonical = signer.canonical_request(again)
    return signer.signature(signer.string_to_sign(again, canonical), again)
