"""The judge of the benchmark of faults."""

from bench.fault_contenders import litellm_config
from bench.faults import Got, problem
from tests.drills.fault_providers import ANSWER, FAULTS, FIRST_HALF
from tests.drills.fault_table import EXPECTED

WHOLE = ANSWER.partition(b"\r\n\r\n")[2]
HALF = b"".join(FIRST_HALF[1:])


def test_the_right_outcome_has_no_problem() -> None:
    assert not problem(EXPECTED["unavailable"], Got(200, WHOLE, True, 0.1), ("a", "b"))
    assert not problem(EXPECTED["unavailable"], Got(200, WHOLE, True, 0.1), ("b",))
    assert not problem(EXPECTED["cut"], Got(200, HALF, False, 0.1), ("a",))
    assert not problem(EXPECTED["cut"], Got(200, HALF + b'{"error": {}}', True, 0.1), ("a",))
    assert not problem(EXPECTED["name-gone"], Got(200, WHOLE, True, 0.1), ("b",))


def test_each_other_outcome_is_named() -> None:
    assert problem(EXPECTED["unavailable"], Got(503, b"", True, 0.1), ("a",)) == "503, not 200"
    assert problem(EXPECTED["unavailable"], Got(200, WHOLE, True, 0.1), ("a", "a", "b"))
    assert problem(EXPECTED["unavailable"], Got(200, WHOLE[:150], True, 0.1), ("b",))
    assert "clean" in problem(EXPECTED["cut"], Got(200, HALF, True, 0.1), ("a",))
    assert "error" in problem(
        EXPECTED["slow-stream"], Got(200, b'{"error": {}}', True, 0.1), ("a",)
    )


def test_litellm_has_a_model_for_each_provider_and_a_fallback_for_each_route() -> None:
    config = litellm_config(lambda fault, name: f"http://127.0.0.1:1/{fault}/{name}/v1")
    assert len(config["model_list"]) == 2 * len(FAULTS)
    settings = config["router_settings"]
    assert settings["context_window_fallbacks"] == [{"context-length-a": ["context-length-b"]}]
    assert {"cut-a": ["cut-b"]} not in settings["fallbacks"]
