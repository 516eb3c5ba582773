"""The headers of the steps of a chain."""

from penstock.sdk import Chain


def test_the_steps_of_a_chain_are_one_trace() -> None:
    chain = Chain(session="s-1")
    first, second = chain.step("look_up"), chain.step("answer")
    assert (first["x-penstock-step"], first["x-penstock-session"]) == ("look_up", "s-1")
    version, trace, parent, flags = first["traceparent"].split("-")
    assert (version, trace, len(parent), flags) == ("00", chain.trace_id, 16, "01")
    assert second["traceparent"].split("-")[1] == chain.trace_id
    assert second["traceparent"] != first["traceparent"]
    assert Chain().trace_id != chain.trace_id
    assert "x-penstock-session" not in Chain().step("one")
