"""The ASGI app: maps paths to surfaces and operations. The pipeline does everything else."""

from collections.abc import Mapping

from penstock.gateway.call import Call
from penstock.gateway.errors import MethodNotAllowed
from penstock.gateway.http.client_tokens import make_client_token
from penstock.gateway.http.cors import answer_preflight
from penstock.gateway.http.health import GatewayHealth
from penstock.gateway.http.internal import InternalAnswer
from penstock.gateway.http.routes import Routes
from penstock.gateway.ids import Ids
from penstock.gateway.pipeline import Pipeline
from penstock.gateway.stages.reply import JSON, send_error, send_whole
from penstock.infra.http_server.asgi import App, Receive, Scope, Send
from penstock.kernel.errors import NotFound, PenstockError
from penstock.spi.surface import (
    ANY_METHOD,
    MAKES_TOKENS,
    NO_CALLS,
    Surface,
    SurfaceRoute,
)


def build_app(
    routes: Routes,
    pipeline: Pipeline,
    health: GatewayHealth,
    internal: Mapping[str, InternalAnswer],
    ids: Ids,
) -> App:
    """Builds the gateway's ASGI app. `internal`: what only the server may ask, by path. It has no
    lifespan: the composition root starts its parts."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        method: str = scope["method"]
        headers: dict[bytes, bytes] = dict(scope["headers"])
        surface, route = routes.find(path, headers, method)
        if surface is None:
            if (endpoint := internal.get(path)) is not None:
                await endpoint.answer(method, headers, receive, send)
            else:
                await health.answer(path, scope["headers"], send)
            return
        served = route is not None and route.method in (method, ANY_METHOD)
        calls = route is not None and route.operation not in NO_CALLS
        call = Call(
            surface,
            route.operation if route is not None and calls else "",
            headers,
            receive,
            send,
            ids,
            pipeline.clock.now_ns(),
            path,
            scope["query_string"],
            method,
            scope["raw_path"],
        )
        call.client = scope.get("client")
        if served and calls:
            await pipeline.serve(call)
        elif served and route is not None:
            if route.operation == MAKES_TOKENS:
                await make_client_token(call, pipeline)
            else:
                await _list_models(call, pipeline, route)
        elif not await answer_preflight(call, route):
            await send_error(call, not_served(surface, method, path, route))

    return app


async def _list_models(call: Call, pipeline: Pipeline, route: SurfaceRoute) -> None:
    try:
        snapshot = pipeline.snapshots.current
        key_context = pipeline.authenticate(call, snapshot)
    except PenstockError as error:
        await send_error(call, pipeline.record_failure(call, error))
        return
    models = snapshot.models(key_context)
    created_s = call.start_ns // 1_000_000_000
    prefix, one, _ = route.path.partition("{model}")
    if not one:
        await send_whole(call, 200, [JSON], call.surface.render_models(models, created_s))
        return
    wanted = call.path.removeprefix(prefix)
    model = next((one for one in models if wanted in (one.id, f"{one.provider}/{one.id}")), None)
    if model is None:
        await send_error(call, NotFound("This key may call no such model.", param="model"))
        return
    body = call.surface.render_model(model._replace(id=wanted), created_s)
    await send_whole(call, 200, [JSON], body)


def not_served(
    surface: Surface, method: str, path: str, route: SurfaceRoute | None
) -> PenstockError:
    """Returns the error of a path or method that a surface does not serve."""
    if route is not None:
        return MethodNotAllowed(f"{path} does not accept {method}.", hint=f"Use {route.method}.")
    known = [f"{each.method} {each.path}" for each in surface.routes]
    hint = f"Use {' or '.join(filter(None, (', '.join(known[:-1]), known[-1])))}."
    return NotFound(f"The gateway has no path {path}.", hint=hint)
