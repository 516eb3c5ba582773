"""Reasoning that travels through clients which return standard fields only."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.neutral.conversation import Reasoning, ToolCall
from penstock.rules.wire.sealed_reasoning import (
    MARK,
    MAX_SEALED_BYTES,
    is_sealed,
    seal_call,
    seal_reasoning,
    unseal_call,
    unseal_call_id,
    unseal_reasoning,
)
from rules.conversations import NAME, TEXT

REASONING = st.builds(Reasoning, TEXT, TEXT, TEXT, TEXT, NAME)


@given(st.lists(REASONING, max_size=3), TEXT, NAME)
def test_a_call_carries_the_reasoning_before_it(
    before: list[Reasoning], signature: str, id_: str
) -> None:
    call = ToolCall(id_, "f", "{}", signature)
    sealed = seal_call(call, tuple(before))
    assert unseal_call(ToolCall(sealed, "f", "{}")) == [*before, call]
    assert unseal_call_id(sealed) == id_
    assert is_sealed(sealed.encode())
    assert sealed.isascii()


@given(REASONING)
def test_a_signature_carries_the_whole_part(reasoning: Reasoning) -> None:
    assert unseal_reasoning(seal_reasoning(reasoning)) == reasoning


def test_a_call_without_reasoning_keeps_its_id() -> None:
    assert seal_call(ToolCall("call_1", "f", "{}"), ()) == "call_1"
    assert unseal_call(ToolCall("call_1", "f", "{}")) == [ToolCall("call_1", "f", "{}")]
    assert unseal_reasoning("plain signature") is None


@given(st.text(max_size=40))
def test_an_altered_or_cut_id_loses_the_reasoning_and_nothing_else(rest: str) -> None:
    call = ToolCall("call_1" + MARK + rest, "f", "{}")
    assert unseal_call(call)[-1] == ToolCall("call_1", "f", "{}")
    assert unseal_reasoning(MARK + rest) is None


def test_reasoning_above_the_limit_is_left_out() -> None:
    large = Reasoning("x" * (MAX_SEALED_BYTES + 1), dialect="d")
    assert seal_call(ToolCall("call_1", "f", "{}"), (large,)) == "call_1"
    assert seal_reasoning(large) == ""
