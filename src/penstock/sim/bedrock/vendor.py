"""Amazon Bedrock's paths: Converse, whole and streamed, and its models; signatures and errors."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec

from penstock.kernel.errors import Forbidden, NotFound, PenstockError
from penstock.sim.answers import decide
from penstock.sim.bedrock import converse_wire
from penstock.sim.bedrock.checks import check_history, check_request
from penstock.sim.bedrock.prompt import read_prompt
from penstock.sim.bedrock.requests import read_messages, read_request
from penstock.sim.bedrock.sigv4 import access_key
from penstock.sim.controls import Controls
from penstock.sim.rate_limits import RateLimitState
from penstock.sim.script import Script
from penstock.sim.vendor import Endpoint, Received, SimRequest

_PATH: Final = re.compile(r"^/model/(?P<model>.+)/(?P<method>converse|converse-stream)$")
_MODELS: Final = "/foundation-models"
_TYPES: Final = {
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}
_MESSAGES: Final = {
    429: "Too many requests, please wait before trying again.",
    503: "The service isn't currently available. Try again later.",
}


class SimBedrock:
    """Amazon Bedrock as a `SimVendor`."""

    def endpoint(self, path: str, _query: str, _content_type: str, /) -> Endpoint | None:
        if (found := _PATH.match(path)) is None:
            return None
        streams = found["method"] == "converse-stream"
        return partial(read_converse_request, found["model"], streams=streams)

    def page(self, path: str, _query: str, models: Sequence[str], /) -> dict[str, Any] | None:
        if path != _MODELS:
            return None
        return {"modelSummaries": [{"modelId": name, "modelName": name} for name in models]}

    def check_credential(self, request: Received, /) -> str:
        given = request.headers.get("authorization", "")
        if not given:
            raise Forbidden("Missing Authentication Token")
        key = access_key(request) if given.startswith("AWS4-") else given.removeprefix("Bearer ")
        if key is None:
            raise Forbidden(
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method."
            )
        if "invalid" in key:
            raise Forbidden("The security token included in the request is invalid.")
        return key

    def headers(
        self, request_id: str, _limit: RateLimitState | None, /
    ) -> list[tuple[bytes, bytes]]:
        return [(b"x-amzn-requestid", request_id[:32].encode())]

    def retry_headers(self, seconds: int) -> list[tuple[bytes, bytes]]:
        return [(b"retry-after", b"%d" % seconds)]

    def error_document(self, error: PenstockError) -> bytes:
        return _error(error.status, error.sentence())

    def status_document(self, status: int, _retry_after_s: int, /) -> bytes:
        return _error(status, _MESSAGES.get(status, "The request failed."))


def read_converse_request(model: str, body: bytes, *, streams: bool) -> SimRequest:
    """Decodes `POST /model/{model}/converse`. Raises `InvalidRequest` or `NotFound`."""
    if "embed" in model:
        raise NotFound(f"The model {model} does not support the Converse API.")
    request = read_request(body)
    messages = read_messages(request)
    check_request(request)
    check_history(request, messages)
    prompt = read_prompt(model, request, messages)

    def answer(controls: Controls, _created: int) -> tuple[str, Script]:
        made = decide(prompt, controls)
        script = converse_wire.frames(made) if streams else converse_wire.document(made)
        return converse_wire.answer_id(made), script

    options = {**prompt.controls(), **(request.request_metadata or {})}
    return SimRequest(model, streams, options, answer)


def _error(status: int, message: str) -> bytes:
    """AWS names the type in a header, too; its clients also read `__type`."""
    other = "InternalServerException" if status >= 500 else "ValidationException"
    return msgspec.json.encode({"__type": _TYPES.get(status, other), "message": message})
