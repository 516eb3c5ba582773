"""Forms that are written are read again as they were, whatever their names and contents are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.form_writer import FormFile, write_form
from penstock.sim.multipart import read_sim_form

NAMES = st.from_regex(r"\A[a-z_]{1,12}\Z")
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


@given(
    st.dictionaries(NAMES, TEXTS | st.integers() | st.booleans(), max_size=4),
    st.binary(max_size=200),
)
def test_a_form_is_read_as_it_was_written(members: dict[str, object], content: bytes) -> None:
    file = FormFile("its file", "a.wav", "audio/wav", content)
    content_type, body = write_form(members, [file])
    form = read_sim_form(content_type, body)
    written = {
        name: value if isinstance(value, str) else str(value).lower()
        for name, value in members.items()
    }
    assert form.fields == written
    [read] = form.files["its file"]
    assert (read.filename, read.content_type, read.data) == ("a.wav", "audio/wav", content)


def test_a_list_becomes_fields_of_one_name() -> None:
    form = read_sim_form(*write_form({"timestamp_granularities": ["word", "segment"]}, []))
    assert form.lists == {"timestamp_granularities": ["word", "segment"]}


def test_a_name_cannot_add_a_header_or_a_part() -> None:
    file = FormFile("file", 'a"\r\nX-Other: 1\r\n\r\n--penstock', "audio/wav", b"data")
    _, body = write_form({'b"\r\n\r\nc': "1"}, [file])
    assert b"\r\nX-Other" not in body
    assert b"%0D%0AX-Other" in body
    assert body.count(b"Content-Disposition") == 2


@pytest.mark.parametrize("value", [{"a": 1}, [["a"]], [{"a": 1}], None])
def test_what_a_form_cannot_have_is_an_error_that_names_it(value: object) -> None:
    with pytest.raises(InvalidRequest, match="'chunking'"):
        write_form({"chunking": value}, [])
