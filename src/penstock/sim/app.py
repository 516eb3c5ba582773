"""The simulator as an ASGI application: routes, API keys, rate limits, faults, call log."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import parse_qs

import msgspec

from penstock.kernel.errors import InvalidRequest, NotFound, PenstockError, Unauthenticated
from penstock.kernel.time import Clock
from penstock.sim import endpoints
from penstock.sim.call_log import CallLog, CallOutcome, LoggedCall
from penstock.sim.config import SimConfig
from penstock.sim.controls import Controls, read_controls, with_defaults
from penstock.sim.exchange import Message, Receive, Send, SimClientDisconnected, SimExchange
from penstock.sim.faults import Fault, FaultKind, inject_fault, parse_fault
from penstock.sim.playback import Playback
from penstock.sim.rate_limits import RateLimit
from penstock.sim.script import Pace, Script
from penstock.sim.seeded_random import SeededRandom
from penstock.sim.wire_errors import SimMethodNotAllowed, error_document, status_document

App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


def build_app(config: SimConfig, write_log: Callable[[bytes], object], clock: Clock) -> App:
    """Builds the application. `write_log` receives one line per call. Raises `InvalidRequest` if
    the configuration names an unknown fault."""
    return Simulator(config, CallLog(config.recent_calls, clock.now_ns, write_log), clock)


class Simulator:
    """The application and its process-wide state: call log, rate limits, random faults."""

    def __init__(self, config: SimConfig, log: CallLog, clock: Clock) -> None:
        self._config = config
        self._log = log
        self._clock = clock
        self._limit = RateLimit(config.requests_per_minute)
        self._faults = [(parse_fault(name), share) for name, share in config.faults.items()]
        self._endpoints: dict[str, endpoints.Endpoint] = {
            "/v1/chat/completions": endpoints.read_chat_prompt,
            "/v1/embeddings": endpoints.read_embeddings_prompt,
        }

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        exchange = SimExchange(scope, receive, send)
        try:
            if (endpoint := self._endpoints.get(exchange.path)) is None:
                await exchange.answer(200, msgspec.json.encode(self._page(exchange)))
            else:
                await self._logged(exchange, endpoint)
        except SimClientDisconnected:
            pass
        except PenstockError as error:
            if error.retry_after_s is not None:
                exchange.response_headers.append((b"retry-after", b"%d" % error.retry_after_s))
            await exchange.answer(error.status, error_document(error))

    async def _logged(self, exchange: SimExchange, endpoint: endpoints.Endpoint) -> None:
        """Serves one call and logs its outcome, however it ends."""
        call = self._log.begin(exchange.path)
        outcome = CallOutcome.FAULT
        try:
            await self._serve(exchange, endpoint, call)
            outcome = CallOutcome.FAULT if call.fault else CallOutcome.COMPLETED
        except SimClientDisconnected:
            outcome = CallOutcome.CANCELLED
            raise
        except PenstockError as error:
            outcome, call.status = CallOutcome.REFUSED, error.status
            raise
        finally:
            self._log.end(call, outcome)

    async def _serve(
        self, exchange: SimExchange, endpoint: endpoints.Endpoint, call: LoggedCall
    ) -> None:
        _require(exchange, "POST")
        headers = exchange.request_headers()
        body = await exchange.body(self._config.body_limit_bytes)
        self._admit(exchange, headers.get("authorization", ""))
        prompt = endpoint(body)
        controls = with_defaults(read_controls(headers, prompt.metadata), self._config)
        call.model, call.stream, call.tag = prompt.model, prompt.stream, controls.tag
        call.traceparent = headers.get("traceparent", "")
        fault = controls.chosen_fault() or self._random_fault(call.call)
        script = self._script(exchange, call, prompt, controls, fault)
        pace = Pace((controls.latency_ms or 0) / 1000, controls.tokens_per_second or 0)
        playback = Playback(
            exchange, script, pace, call, log=self._log, monotonic=self._clock.monotonic
        )
        await playback.run()

    def _script(
        self,
        exchange: SimExchange,
        call: LoggedCall,
        prompt: endpoints.Prompt,
        controls: Controls,
        fault: Fault | None,
    ) -> Script:
        """Returns the script of the answer, and records its status and fault in `call`."""
        call.status = 200
        call.fault = str(fault.status or fault.kind) if fault else ""
        if fault and fault.kind is FaultKind.STATUS:
            call.status = fault.status
            if fault.status in (429, 503):
                exchange.response_headers.append((b"retry-after", b"%d" % controls.retry_after_s))
            return endpoints.document(status_document(fault.status))
        if fault and fault.kind is FaultKind.HUGE:
            controls = controls.with_huge_answer()
        call.id, script = prompt.answer(controls, self._clock.now_ns() // 1_000_000_000)
        if fault is None:
            return script
        pause_s = None if controls.stall_ms is None else controls.stall_ms / 1000
        return inject_fault(script, fault.kind, controls.after_tokens, pause_s)

    def _admit(self, exchange: SimExchange, authorization: str) -> None:
        """Checks API key and rate limit. A key is valid unless it contains `invalid`."""
        key = authorization.removeprefix("Bearer ")
        if "invalid" in key:
            raise Unauthenticated("Incorrect API key provided.")
        if state := self._limit.take(key, self._clock.monotonic()):
            exchange.response_headers += state.headers()
            state.check()

    def _random_fault(self, number: int) -> Fault | None:
        """Selects a fault by seed and call number, so that a retry is drawn separately."""
        if not self._faults:
            return None
        rng = SeededRandom(self._config.seed, "fault", number)
        return next((fault for fault, share in self._faults if rng.fraction() < share), None)

    def _page(self, exchange: SimExchange) -> dict[str, Any]:
        """The document of a GET route: health, models, recent calls."""
        path = exchange.path
        name = path.removeprefix("/v1/models/")
        if name == path and path not in ("/healthz", "/v1/models", "/sim/calls"):
            raise NotFound(f"Unknown URL: {exchange.method} {path}.", code="unknown_url")
        _require(exchange, "GET")
        match path:
            case "/healthz":
                return {"status": "ok", "calls": self._log.count}
            case "/v1/models":
                return {"object": "list", "data": [_model(name) for name in self._config.models]}
            case "/sim/calls":
                return {"calls": self._calls(exchange.query)}
            case _:
                return _model(name)

    def _calls(self, query: str) -> list[LoggedCall]:
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        try:
            after, limit = int(given.get("after", 0)), int(given.get("limit", 100))
        except ValueError:
            raise InvalidRequest("'after' and 'limit' must be whole numbers.") from None
        return self._log.recent(after, limit, given.get("tag", ""))


def _require(exchange: SimExchange, method: str) -> None:
    if exchange.method != method:
        raise SimMethodNotAllowed(f"{exchange.path} accepts {method}, not {exchange.method}.")


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "penstock"}
