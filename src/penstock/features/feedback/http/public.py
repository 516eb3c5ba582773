"""`/feedback/v1/`: what web pages of other origins use. No cookie, no session, no key of a member.

The public key is in the path, so that the answer to a preflight request can depend on it.
"""

from functools import partial
from pathlib import Path
from typing import Final

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from penstock.features.access import public
from penstock.features.feedback.service.public import PublicFeedback
from penstock.infra.web.peers import peer_of
from penstock.infra.web.problems import problem_response
from penstock.kernel.errors import PenstockError

FEEDBACK_PATH: Final = "/feedback/"
SNIPPET: Final = Path(__file__).parents[1] / "snippet" / "feedback.js"
_SNIPPET_SECONDS: Final = 3600
_PREFLIGHT_SECONDS: Final = "600"


def public_routes(feedback: PublicFeedback) -> APIRouter:
    """Returns the routes for web pages."""
    router = APIRouter(prefix=f"{FEEDBACK_PATH}v1", tags=["feedback"])
    script = SNIPPET.read_bytes()

    @router.get("/feedback.js", dependencies=[Depends(public)], include_in_schema=False)
    async def snippet() -> Response:
        """Returns the script for web pages."""
        headers = {"cache-control": f"public, max-age={_SNIPPET_SECONDS}"}
        return Response(script, media_type="text/javascript", headers=headers)

    @router.post("/keys/{key}", dependencies=[Depends(public)])
    async def send_feedback(key: str, request: Request) -> Response:
        """Stores feedback on one answer. The body is JSON, whatever its content type says: browsers
        send `text/plain` without a preflight request."""
        body = await request.body()
        call = partial(_answer, feedback, key, request, body)
        return await to_thread.run_sync(call)

    @router.options("/keys/{key}", dependencies=[Depends(public)], include_in_schema=False)
    async def preflight(key: str, request: Request) -> Response:
        """Answers a browser that asks whether its page may send feedback."""
        return await to_thread.run_sync(partial(_preflight, feedback, key, request))

    return router


def _answer(feedback: PublicFeedback, key: str, request: Request, body: bytes) -> Response:
    origin = request.headers.get("origin", "")
    found = feedback.key_for(key, origin, peer_of(request.scope))
    try:
        accepted = feedback.submit(found, body)
        answer: Response = JSONResponse({"accepted": accepted}, 200)
    except PenstockError as error:  # the page may read why
        answer = problem_response(error)
    answer.headers.update(_cors(origin))
    return answer


def _preflight(feedback: PublicFeedback, key: str, request: Request) -> Response:
    origin = request.headers.get("origin", "")
    feedback.key_for(key, origin, peer_of(request.scope))
    return Response(
        status_code=204,
        headers={
            **_cors(origin),
            "access-control-allow-methods": "POST",
            "access-control-allow-headers": "content-type",
            "access-control-max-age": _PREFLIGHT_SECONDS,
        },
    )


def _cors(origin: str) -> dict[str, str]:
    return {"access-control-allow-origin": origin, "vary": "origin"}
