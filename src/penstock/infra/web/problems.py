"""Error responses as problem+json (RFC 9457).

They never repeat what the client sent, because it may be a secret. The traceback of an unexpected
error goes to the log only.
"""

import http
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from penstock.kernel.errors import PenstockError

_MEDIA_TYPE = "application/problem+json"
_encoder = msgspec.json.Encoder()
_LONGEST_PLACE = 200  # characters of a field path: clients may send any field name


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an error. `code` is stable, `hint` says what to do, `param` names the field."""

    title: str
    status: int
    detail: str
    code: str
    hint: str = ""
    param: str | None = None


def problem_response(error: PenstockError) -> Response:
    """Returns the response for `error`."""
    headers = {} if error.retry_after_s is None else {"retry-after": str(error.retry_after_s)}
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    title = _title(error.status)
    problem = Problem(title, error.status, error.message, error.code, error.hint, error.param)
    return _respond(problem, headers)


def install_problems(app: FastAPI, log: logging.Logger) -> None:
    """Installs handlers that answer every error as a problem; unexpected ones go to `log`."""

    async def known_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, PenstockError)  # noqa: S101 - registered for it alone
        if error.status >= 500:
            log.error("%s: %s", error.code, error.sentence())
        return problem_response(error)

    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
        return _respond(_first_fault(error.errors()))

    async def http_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
        return _respond(_from_http(error))

    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected error in %s", request.method, exc_info=error)
        return problem_response(
            PenstockError("Internal server error.", hint="See the server's log for the cause.")
        )

    app.add_exception_handler(PenstockError, known_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)


def _first_fault(faults: Sequence[Any]) -> Problem:
    place = ".".join(str(part) for part in faults[0]["loc"])[:_LONGEST_PLACE]
    detail = f"{place}: {faults[0]['msg']}"
    return Problem(_title(422), 422, detail, "invalid_request", param=place)


def _from_http(error: HTTPException) -> Problem:
    title = _title(error.status_code)
    match error.status_code:
        case 404:
            return Problem(title, 404, "This address does not exist.", "not_found")
        case 405:
            detail = "This address does not support this method."
            return Problem(title, 405, detail, "method_not_allowed")
        case status:
            return Problem(title, status, str(error.detail), "invalid_request")


def _title(status: int) -> str:
    """Returns the phrase of RFC 9110; Python 3.11 has an older one for 422."""
    return "Unprocessable Content" if status == 422 else http.HTTPStatus(status).phrase


def _respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(_encoder.encode(problem), problem.status, headers, _MEDIA_TYPE)
