"""The simulator as Amazon Bedrock, judged by botocore: its client and its service model."""

from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError, EventStreamError

from judges.bedrock_calls import CALLS
from judges.conversations import ARGUMENTS, CITY, STREAMED
from sim.conftest import Sim

MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
ASK: dict[str, Any] = {
    "modelId": MODEL,
    "messages": [{"role": "user", "content": [{"text": 'Weather of "Bonn"?'}]}],
}
SPEC = {"name": "weather", "inputSchema": {"json": CITY}}
TOOLS: dict[str, Any] = {"tools": [{"toolSpec": SPEC}]}
BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 1024}}


def connect(sim: Sim, secret: str = "secret-of-AKIDSIM", **more: Any) -> Any:
    return botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="eu-central-1",
        endpoint_url=sim.address,
        aws_access_key_id="AKIDSIM",
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
        **more,
    )


@pytest.fixture
def client(sim: Sim) -> Iterator[Any]:
    opened = connect(sim)
    yield opened
    opened.close()


def check_shape(value: Any, shape: Any, at: str = "") -> None:
    """Checks that botocore's model knows each member, and that no required one is missing."""
    if shape.type_name == "structure" and not shape.is_document_type:
        unknown = set(value) - {*shape.members, "ResponseMetadata", "SDK_UNKNOWN_MEMBER"}
        assert unknown == set(), at
        assert set(shape.required_members) <= set(value), at
        for name in set(value) & set(shape.members):
            if name != "stream":
                check_shape(value[name], shape.members[name], f"{at}.{name}")
    elif shape.type_name == "list":
        for each in value:
            check_shape(each, shape.member, f"{at}[]")
    elif getattr(shape, "enum", None):
        assert value in shape.enum, at


def collect(client: Any, answer: Any) -> dict[str, Any]:
    """The events of a stream as a whole answer. Checks their shapes."""
    output = client.meta.service_model.operation_model("ConverseStream").output_shape
    blocks: dict[int, dict[str, Any]] = {}
    found: dict[str, Any] = {}
    for event in answer["stream"]:
        (kind,) = event
        check_shape(event, output.members["stream"])
        said = event[kind]
        if kind == "contentBlockStart":
            blocks[said["contentBlockIndex"]] = {**said["start"]["toolUse"], "input": ""}
        elif kind == "contentBlockDelta":
            block = blocks.setdefault(said["contentBlockIndex"], {})
            ((name, delta),) = said["delta"].items()
            pieces = {"text": delta} if name == "text" else delta
            for member, piece in pieces.items():
                block[member] = block.get(member, "") + piece
        else:
            found |= said
    return {**found, "blocks": [blocks[index] for index in sorted(blocks)]}


@pytest.mark.parametrize("name", CALLS)
def test_it_answers_each_judged_call(client: Any, name: str) -> None:
    arguments = CALLS[name]
    if arguments is None or name == "reasoning_history":  # its signature is not ours
        return
    method = "converse_stream" if name in STREAMED else "converse"
    answer = getattr(client, method)(**arguments)
    output = client.meta.service_model.operation_model(
        "ConverseStream" if name in STREAMED else "Converse"
    ).output_shape
    check_shape(answer, output)
    if name in STREAMED:
        assert collect(client, answer)["stopReason"] in ("end_turn", "tool_use")


def test_a_stream_says_what_the_whole_answer_says(client: Any) -> None:
    asked = {**ASK, "additionalModelRequestFields": BUDGET}
    whole = client.converse(**asked)
    streamed = collect(client, client.converse_stream(**asked))
    thought, text = whole["output"]["message"]["content"]
    assert streamed["blocks"] == [thought["reasoningContent"]["reasoningText"], text]
    assert streamed["usage"] == whole["usage"]
    assert whole["usage"]["outputTokens"] > 64


def test_a_tool_is_called_and_its_result_is_taken(client: Any) -> None:
    asked = {**ASK, "toolConfig": TOOLS, "additionalModelRequestFields": BUDGET}
    first = client.converse(**asked)
    assert first["stopReason"] == "tool_use"
    message = first["output"]["message"]
    call = message["content"][-1]["toolUse"]
    assert (call["name"], call["input"]) == ("weather", {"city": "Bonn"})
    streamed = collect(client, client.converse_stream(**asked))["blocks"][-1]
    assert (streamed["toolUseId"], streamed["input"]) == (call["toolUseId"], '{"city":"Bonn"}')
    result = {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"json": {"sun": 1}}]}}
    history = [*ASK["messages"], message, {"role": "user", "content": [result]}]
    second = client.converse(**{**asked, "messages": history})
    assert second["stopReason"] == "end_turn"
    message["content"][0]["reasoningContent"]["reasoningText"]["text"] += "!"
    with pytest.raises(ClientError, match="signature"):
        client.converse(**{**asked, "messages": history})


def wrong(**changes: Any) -> dict[str, Any]:
    return {**ASK, **changes}


def turn(role: str, *blocks: Any) -> dict[str, Any]:
    return {"role": role, "content": list(blocks)}


USE = {"toolUse": {"toolUseId": "t1", "name": "weather", "input": ARGUMENTS}}
RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "12"}]}}
HELLO = turn("user", {"text": "Hello"})


@pytest.mark.parametrize(
    ("request_", "match"),
    [
        (wrong(messages=[turn("assistant", {"text": "Hi"})]), "start with a user message"),
        (wrong(messages=[HELLO, turn("assistant", {"text": "Hi"})]), "end with a user message"),
        (wrong(messages=[HELLO, HELLO]), "alternate"),
        (wrong(messages=[turn("user", {"text": " "})]), "is blank"),
        (wrong(messages=[HELLO, turn("assistant", USE), HELLO], toolConfig=TOOLS), "Ids: t1"),
        (wrong(messages=[turn("user", RESULT)], toolConfig=TOOLS), "exceeds the number"),
        (wrong(messages=[HELLO, turn("assistant", USE), turn("user", RESULT)]), "toolConfig"),
        (wrong(messages=[turn("user", USE)], toolConfig=TOOLS), "cannot contain"),
        (wrong(toolConfig={"tools": [*TOOLS["tools"]] * 2}), "unique"),
        (
            wrong(toolConfig={**TOOLS, "toolChoice": {"tool": {"name": "other"}}}),
            "unknown tool",
        ),
        (
            wrong(
                messages=[
                    turn(
                        "user",
                        {"image": {"format": "png", "source": {"bytes": b64decode("/9j/4AAQ")}}},
                    )
                ]
            ),
            "not of the format png",
        ),
        (wrong(inferenceConfig={"temperature": 1.5}), "<= 1"),
    ],
)
def test_it_refuses_what_bedrock_refuses(client: Any, request_: Any, match: str) -> None:
    with pytest.raises(ClientError, match=match) as raised:
        client.converse(**request_)
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_unknown_members_are_refused(sim: Sim) -> None:
    bearer = {"authorization": "Bearer key"}
    body = {"messages": [{"role": "user", "content": [{"text": "Hi", "type": "text"}]}]}
    status, _, document = sim.post(body, "/model/any/converse", **bearer)
    assert (status, document["__type"]) == (400, "ValidationException")
    assert "unknown field `type`" in document["message"]


def test_an_altered_or_missing_signature_is_refused(sim: Sim) -> None:
    other = connect(sim, "another secret")
    with pytest.raises(ClientError, match="signature") as raised:
        other.converse(**ASK)
    other.close()
    assert raised.value.response["Error"]["Code"] == "AccessDeniedException"
    body = {"messages": ASK["messages"]}
    status, _, document = sim.post(body, "/model/any/converse")
    assert (status, document["message"]) == (403, "Missing Authentication Token")


def test_a_session_token_is_part_of_the_signature(sim: Sim) -> None:
    opened = connect(sim, aws_session_token="a token")
    assert opened.converse(**ASK)["stopReason"] == "end_turn"
    opened.close()


@pytest.mark.parametrize(
    ("fault", "code"),
    [("429", "ThrottlingException"), ("503", "ServiceUnavailableException")],
)
def test_faults_have_the_names_of_aws(client: Any, fault: str, code: str) -> None:
    with pytest.raises(ClientError) as raised:
        client.converse(**ASK, requestMetadata={"x-sim-fault": fault})
    assert raised.value.response["Error"]["Code"] == code


def test_an_error_in_the_stream_is_an_exception(client: Any) -> None:
    answer = client.converse_stream(**ASK, requestMetadata={"x-sim-fault": "error-event"})
    with (
        closing(answer["stream"]) as stream,
        pytest.raises(EventStreamError, match="internalServerException"),
    ):
        list(stream)


def test_a_malformed_frame_has_a_wrong_checksum(client: Any) -> None:
    answer = client.converse_stream(**ASK, requestMetadata={"x-sim-fault": "malformed"})
    with closing(answer["stream"]) as stream, pytest.raises(ChecksumMismatch):
        list(stream)
