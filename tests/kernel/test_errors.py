import pytest

from penstock.kernel import errors
from penstock.kernel.errors import PenstockError, RateLimited

TREE = sorted(
    (kind for kind in vars(errors).values() if isinstance(kind, type)),
    key=lambda kind: kind.__name__,
)


def test_every_error_is_a_penstock_error_with_its_own_code() -> None:
    assert all(issubclass(kind, PenstockError) for kind in TREE)
    codes = [kind.default_code for kind in TREE]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", TREE)
def test_an_error_has_a_message_and_a_hint(kind: type[PenstockError]) -> None:
    error = kind("It broke.", hint="Mend it.")
    assert error.sentence() == "It broke. Mend it."
    assert str(error) == "It broke."
    assert error.code == kind.default_code
    assert 400 <= error.status < 600


def test_code_param_and_retry_after_can_be_set() -> None:
    error = RateLimited("Slow down.", code="tokens_per_minute", param="model", retry_after_s=7)
    assert (error.code, error.param, error.retry_after_s) == ("tokens_per_minute", "model", 7)
    assert error.sentence() == "Slow down."
