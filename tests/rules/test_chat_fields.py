"""Members of a chat request for providers that name some otherwise, or reject some."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.plugins.providers.openai_compatible import create
from penstock.plugins.providers.vendors import VENDORS
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.call import Operation
from penstock.rules.neutral.translation import Change, ChangeKind, Written
from penstock.rules.wire.openai.fields import edit_fields
from penstock.spi.chat import OutgoingCall, ProviderConfig

# The members of `ChatCompletionRequest` in mistralai 3.7.0, which rejects others (422).
OF_MISTRAL = {
    *("model", "messages", "temperature", "top_p", "max_tokens", "stream", "stop", "random_seed"),
    *("metadata", "response_format", "tools", "tool_choice", "presence_penalty"),
    *("frequency_penalty", "min_tokens", "repetition_penalty", "top_k", "logprobs"),
    *("top_logprobs", "prompt_logprobs", "top_prompt_logprobs", "n", "prediction"),
    *("parallel_tool_calls", "reasoning_effort", "prompt_mode", "guardrails", "prompt_cache_key"),
    *("service_tier", "safe_prompt"),
}
ROW = VENDORS["mistral"]
MISTRAL = ProviderConfig("mistral", ROW.base_url, "", ROW.quirks)
HINTS: dict[str, Any] = {
    "max_completion_tokens": 5,
    "seed": 7,
    "user": "u",
    "store": False,
    "logit_bias": {"1": 2},
    "verbosity": "low",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "frequency_penalty": 0.5,
    "presence_penalty": 0.5,
    "metadata": {"a": "b"},
    "service_tier": "default",
    "parallel_tool_calls": False,
    "reasoning_effort": "low",
    "temperature": 0.5,
    "top_p": 0.5,
    "stop": ["."],
    "n": 1,
    "stream_options": {"include_usage": True},
}
ASK: dict[str, Any] = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "x"}]}


def sent(body: dict[str, Any], *, translated: bool) -> tuple[dict[str, Any], set[str]]:
    raw = json.dumps(body).encode()
    conversation = OpenAISurface().read_conversation(raw) if translated else None
    call = OutgoingCall(Operation.CHAT, "m-1", stream=True, body=raw, conversation=conversation)
    built = create().build(MISTRAL, call)
    return json.loads(built.http.body), {change.text for change in built.changes}


@pytest.mark.parametrize("translated", [False, True])
def test_mistral_gets_only_members_that_it_knows(*, translated: bool) -> None:
    body, changes = sent(ASK | HINTS, translated=translated)
    assert set(body) <= OF_MISTRAL
    assert (body["max_tokens"], body["random_seed"], body["model"]) == (5, 7, "m-1")
    dropped = {"user", "store", "logit_bias", "verbosity", "prompt_cache_retention"}
    assert {f"dropped:{name}" for name in dropped} <= changes
    assert {name for name in HINTS if name in OF_MISTRAL} <= set(body)


def test_a_request_without_such_members_stays_as_it_is() -> None:
    raw = b'{"model" : "m", "messages":[ ]}'
    call = OutgoingCall(Operation.CHAT, "m", stream=False, body=raw)
    assert create().build(MISTRAL, call).http.body == raw
    raw = b'{"model":"m","input":"x","user":"u"}'
    call = OutgoingCall(Operation.EMBEDDINGS, "m", stream=False, body=raw)
    assert create().build(MISTRAL, call).http.body == raw


NAMES = st.sampled_from("abcdef")


@given(
    st.dictionaries(NAMES, st.integers() | st.text() | st.lists(st.booleans())),
    st.dictionaries(NAMES, NAMES),
    st.sets(NAMES),
)
def test_values_are_kept_and_what_is_lost_is_named(
    body: dict[str, Any], renamed: dict[str, str], dropped: set[str]
) -> None:
    rename = ", ".join(f"{old}:{new}" for old, new in renamed.items())
    written = Written(msgspec.json.encode(body), (Change(ChangeKind.CHANGED, "x"),))
    edited = edit_fields(written, rename, ",".join(dropped))
    found = msgspec.json.decode(edited.body)
    lost = {change.field for change in edited.changes[1:]}
    kept = {name: value for name, value in body.items() if name not in lost}
    assert len(found) + len(lost) == len(body)
    assert edited.changes[0] == written.changes[0]
    assert dropped & set(body) <= lost
    for name, value in kept.items():
        assert found[renamed.get(name, name)] == value


@pytest.mark.parametrize("text", ["", ",", ":", "a", "a:", ":b", "a:b:c,", "  "])
def test_odd_quirks_do_no_harm(text: str) -> None:
    written = Written(b'{"model":"m","a":1}')
    body = json.loads(edit_fields(written, text, text).body)
    assert body["model"] == "m"
