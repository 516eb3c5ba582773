"""Every leaf of the official SDK's request is in the neutral form, a hint, or kept."""

import json
from typing import Any

import pytest
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

from penstock.kernel.errors import InvalidRequest
from penstock.rules.wire.responses.request_reader import read_request
from penstock.rules.wire.responses.request_writer import write_request
from rules.dialects import ANTHROPIC
from rules.sdk_leaves import Leaf, leaves

# Not read, because the API itself fills them in (`items.py`), or because the gateway reads them
# elsewhere (`model`, `stream`).
NOT_READ = (
    "model",
    "input[]<message>.id",
    "input[]<message>.status",
    "input[].status",
    "input[]<message>.content[]<output_text>.logprobs",
    "input[]<function_call>.id",
    "input[]<function_call>.status",
    "input[]<function_call_output>.id",
    "input[]<function_call_output>.status",
    "input[]<reasoning>.status",
    "input[]<message>.phase",  # of a message without text
)
LEAVES = [
    leaf
    for leaf in leaves(ResponseCreateParamsNonStreaming)
    if not leaf.path.lstrip(".").startswith(NOT_READ)
]


def document(value: Any) -> bytes:
    """The request with a model; the input is left out if it is not the leaf."""
    return json.dumps({"input": "x", **value, "model": "m"}).encode()


def test_there_are_leaves_of_all_kinds() -> None:
    tops = {leaf.path.lstrip(".").split(".")[0].split("[")[0].split("<")[0] for leaf in LEAVES}
    assert {"input", "tools", "tool_choice", "text", "reasoning", "prompt"} <= tops
    assert len(LEAVES) > 400


@pytest.mark.parametrize("leaf", [pytest.param(leaf, id=leaf.path) for leaf in LEAVES])
def test_no_leaf_is_lost(leaf: Leaf) -> None:
    first, second = document(leaf.first), document(leaf.second)
    assert read_request(first) != read_request(second)
    rewritten = [write_request(read_request(one), "m", stream=False) for one in (first, second)]
    assert rewritten[0].body != rewritten[1].body
    assert [written.changes for written in rewritten] == [(), ()]


def test_what_codex_says_about_itself_is_a_hint() -> None:
    metadata = {"session_id": "s", "turn_id": "t"}
    found = read_request(document({"client_metadata": metadata}))
    assert json.loads(write_request(found, "m", stream=False).body)["client_metadata"] == metadata
    left_out = [change.text for change in ANTHROPIC.write(found).changes]
    assert "dropped:client_metadata" in left_out


def test_a_request_without_input_is_rejected() -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_request(b'{"model":"m"}')
    assert caught.value.param == "input"
    assert read_request(b'{"model":"m","prompt":{"id":"p"}}').kept == {"prompt": b'{"id":"p"}'}
