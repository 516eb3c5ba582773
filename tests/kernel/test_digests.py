from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.digests import canonical_json, content_hash

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.dictionaries(st.text(), JSON, max_size=6))
def test_the_order_of_keys_does_not_matter(document: dict[str, object]) -> None:
    reversed_document = dict(reversed(document.items()))
    assert canonical_json(document) == canonical_json(reversed_document)


def test_the_hash_is_the_same_on_every_machine() -> None:
    document = {"b": [1, "ü", None], "a": Decimal("0.10")}
    assert canonical_json(document) == '{"a":"0.10","b":[1,"ü",null]}'.encode()
    assert (
        content_hash(document) == "85e5cc89015a0bce7cb10c8600db3ef45f4fd583001c8f68dc67bf29d4435e3f"
    )
