"""The ASGI app: maps paths to operations. The pipeline does everything else."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from penstock.gateway.call import Call, Receive, Send
from penstock.gateway.errors import MethodNotAllowed
from penstock.gateway.http.health import GatewayHealth
from penstock.gateway.ids import Ids
from penstock.gateway.pipeline import Pipeline
from penstock.gateway.stages.reply import JSON, send_error, send_whole
from penstock.kernel.errors import NotFound, PenstockError
from penstock.rules.call import Operation
from penstock.rules.wire.openai.models import render_models

Scope = dict[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CALLS: Final = {
    "/v1/chat/completions": Operation.CHAT.value,
    "/v1/embeddings": Operation.EMBEDDINGS.value,
}
MODELS: Final = "/v1/models"


def build_app(pipeline: Pipeline, health: GatewayHealth, ids: Ids) -> App:
    """Builds the gateway's ASGI app. It has no lifespan: the composition root starts its parts."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        operation = CALLS.get(path)
        if operation is None and not path.startswith("/v1/"):
            await health.answer(path, scope["headers"], send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        now = pipeline.clock.now_ns()
        call = Call(operation or "", headers, receive, send, ids=ids, start_ns=now)
        call.client = scope.get("client")
        method: str = scope["method"]
        if operation is not None and method == "POST":
            await pipeline.serve(call)
        elif path == MODELS and method == "GET":
            await _list_models(call, pipeline)
        else:
            await send_error(call, _no_such_route(method, path))

    return app


async def _list_models(call: Call, pipeline: Pipeline) -> None:
    try:
        snapshot = pipeline.snapshots.current
        key_context = pipeline.authenticate(call, snapshot)
    except PenstockError as error:
        await send_error(call, pipeline.record_failure(call, error))
        return
    body = render_models(snapshot.models(key_context), call.start_ns // 1_000_000_000)
    await send_whole(call, 200, [JSON], body)


def _no_such_route(method: str, path: str) -> PenstockError:
    if path in CALLS or path == MODELS:
        wanted = "GET" if path == MODELS else "POST"
        return MethodNotAllowed(f"{path} does not accept {method}.", hint=f"Use {wanted}.")
    served = ", ".join(f"POST {known}" for known in CALLS)
    return NotFound(f"The gateway has no path {path}.", hint=f"Use {served} or GET {MODELS}.")
