"""Reads the predictions of Replicate: what they lead to, and what the gateway keeps of them.

A prediction also has its input, its logs and addresses. Of a finished one only a short document
goes on: `id`, `model`, `text`, and `metrics` with the counts of tokens.
"""

import re
from typing import Any, Final, NamedTuple

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import MAX_NAME_CHARS
from penstock.rules.redaction import Redaction
from penstock.rules.wire.provider_errors import read_error

_COUNTS: Final = ("input_token_count", "output_token_count")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")  # it is a part of a path
_ENDED_BADLY: Final = ("failed", "canceled", "aborted")


class _Urls(msgspec.Struct):
    get: str = ""
    stream: str = ""


class _Prediction(msgspec.Struct):
    status: str
    id: str = ""
    model: str = ""
    output: Any = None
    metrics: dict[str, Any] | None = None
    urls: _Urls = msgspec.field(default_factory=_Urls)


class PredictionState(NamedTuple):
    """`document` is the short document of a finished prediction, `None` of one that goes on. `get`
    and `stream` are the addresses of its next state and of its stream; empty where it has none."""

    document: bytes | None
    get: str
    stream: str


_prediction: Final = msgspec.json.Decoder(_Prediction)


def read_prediction(body: bytes, redaction: Redaction) -> PredictionState:
    """Reads one state of a prediction. Raises `UpstreamFailed` if it has failed, or is none."""
    try:
        found = decode_json(_prediction, body)
    except msgspec.DecodeError:
        raise UpstreamFailed(
            "The provider's answer is not a prediction of Replicate.", code="upstream_malformed"
        ) from None
    if found.status in _ENDED_BADLY:
        reason = read_error(body, redaction).message
        raise UpstreamFailed(
            f"the prediction ended as {found.status}" + (f": {reason}" if reason else "."),
            code="upstream_prediction_failed",
        )
    ended = found.status == "succeeded"
    document = _document(found) if ended else None
    return PredictionState(document, found.urls.get, found.urls.stream)


def id_of_work(body: bytes) -> str:
    """Returns the id of a prediction that goes on; empty if it has ended, or is none."""
    try:
        found = decode_json(_prediction, body)
    except msgspec.DecodeError:
        return ""
    goes_on = found.status not in (*_ENDED_BADLY, "succeeded")
    return found.id if goes_on and _ID.fullmatch(found.id) else ""


def _document(found: _Prediction) -> bytes:
    metrics = found.metrics or {}
    document = {
        "id": found.id[:MAX_NAME_CHARS],
        "model": found.model[:MAX_NAME_CHARS],
        "text": _text(found.output),
        "metrics": {name: value for name in _COUNTS if type(value := metrics.get(name)) is int},
    }
    return msgspec.json.encode(document)


def _text(output: object) -> str:
    """The text of an output: models write it whole, or as a list of pieces."""
    pieces = [output] if isinstance(output, str) else output
    if pieces is None:
        return ""
    if not isinstance(pieces, list):
        raise _no_text()
    texts = [piece for piece in pieces if isinstance(piece, str)]  # pyright: ignore[reportUnknownVariableType] - any JSON
    if len(texts) != len(pieces):  # pyright: ignore[reportUnknownArgumentType] - any JSON
        raise _no_text()
    return "".join(texts)


def _no_text() -> UpstreamFailed:
    return UpstreamFailed(
        "The output of the model is not a text.",
        hint="Call models with other outputs by /passthrough.",
        code="upstream_malformed",
    )
