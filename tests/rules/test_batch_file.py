"""Batch files: every line is a request, all name one model, and lines are bounded."""

import json

import pytest

from penstock.kernel.errors import InvalidRequest
from penstock.rules.batches import MAX_LINES
from penstock.rules.wire.openai.kept import MAX_LINE_BYTES, model_of_lines

BODY = {"model": "small", "input": "é\u2028\n"}
ROW = {"custom_id": "1", "method": "POST", "url": "/v1/embeddings", "body": BODY}


def model_of(content: bytes) -> str:
    return model_of_lines(b"before" + content + b"after", (6, 6 + len(content)))


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(ROW).encode(),
        json.dumps(ROW, ensure_ascii=False).encode(),
        json.dumps(ROW, separators=(",", ":")).encode(),
        json.dumps(ROW).replace('"body":', ' "body"  :').encode() + b"  \r",
    ],
)
def test_lines_are_read_however_they_are_written(line: bytes) -> None:
    assert model_of(line) == model_of(line + b"\n" + line + b"\n") == "small"


def test_lines_are_bounded() -> None:
    line = json.dumps(ROW, separators=(",", ":")).encode() + b"\n"
    long = json.dumps({**ROW, "custom_id": "x" * MAX_LINE_BYTES}).encode()
    with pytest.raises(InvalidRequest, match=f"Line 2 .* more than {MAX_LINE_BYTES}"):
        model_of(line + long)
    with pytest.raises(InvalidRequest, match=f"Line {MAX_LINES + 1} .* at most {MAX_LINES}"):
        model_of(line * (MAX_LINES + 1))


@pytest.mark.parametrize("name", ["body", "url", "method"])
def test_a_member_that_decides_is_there_once(name: str) -> None:
    twice = json.dumps(ROW)[:-1] + f', "{name}": {json.dumps(ROW[name])}}}'
    spelt = json.dumps(ROW)[:-1] + f', "{name.title()}": 1}}'
    escaped = (
        json.dumps(ROW)[:-1] + f', "\\u{ord(name[0]):04x}{name[1:]}": {json.dumps(ROW[name])}}}'
    )
    for line in (twice, spelt, escaped, twice.replace(" ", "")):
        with pytest.raises(InvalidRequest, match="Line 1"):
            model_of(line.encode())
