"""The models that a key's patterns allow: laws over generated providers, models, patterns."""

from hypothesis import assume, example, given
from hypothesis import strategies as st

from penstock.rules.models.patterns import allows

WORDS = st.text("abs-.", min_size=1, max_size=4)
MODELS = st.lists(WORDS, min_size=1, max_size=3).map("/".join)
PLAIN = st.text("ab*?.", min_size=1, max_size=5)
PATTERNS = PLAIN | st.tuples(PLAIN, st.text("ab*?/.", max_size=5)).map("/".join)


@given(WORDS, MODELS, MODELS, WORDS)
@example("mock", "sim/x", "x", "sim")
def test_a_pattern_for_one_provider_allows_no_other(
    provider: str, model: str, named: str, other: str
) -> None:
    assume(provider != other)
    for pattern in (f"{other}/*", f"{other}/{named}"):
        assert not allows([pattern], provider, model)
        assert not allows([pattern], provider, f"{other}/{named}")


@given(WORDS, WORDS, MODELS)
def test_a_pattern_without_a_slash_means_the_model_at_any_provider(
    provider: str, other: str, model: str
) -> None:
    plain = model.replace("/", "-")
    assert allows([plain], provider, plain)
    assert allows([plain], other, plain)
    assert allows(["*"], provider, model)


@given(WORDS, MODELS)
def test_the_full_name_of_a_model_allows_it_also_if_its_own_name_has_slashes(
    provider: str, model: str
) -> None:
    assert allows([f"{provider}/{model}"], provider, model)
    assert allows([f"{provider}/*"], provider, model)
    assert allows([f"*/{model}"], provider, model)


@given(st.lists(PATTERNS, max_size=4), WORDS, MODELS)
def test_several_patterns_allow_what_one_of_them_allows(
    patterns: list[str], provider: str, model: str
) -> None:
    one = any(allows([pattern], provider, model) for pattern in patterns)
    assert allows(patterns, provider, model) == (one or not patterns)
