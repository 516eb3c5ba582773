"""The simulator as an ASGI application: routes, API keys, rate limits, faults, call log."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs

import msgspec

from penstock.kernel.errors import InvalidRequest, NotFound, PenstockError
from penstock.kernel.time import Clock
from penstock.sim.anthropic.vendor import Anthropic
from penstock.sim.bedrock.vendor import SimBedrock
from penstock.sim.call_log import CallLog, CallOutcome, LoggedCall
from penstock.sim.cohere.vendor import SimCohere
from penstock.sim.config import SimConfig
from penstock.sim.controls import Controls, read_controls, with_defaults
from penstock.sim.exchange import Message, Receive, Send, SimClientDisconnected, SimExchange
from penstock.sim.faults import Fault, FaultKind, inject_fault, parse_fault
from penstock.sim.gemini.vendor import Gemini
from penstock.sim.http_errors import SimMethodNotAllowed
from penstock.sim.json_documents import document_script
from penstock.sim.openai.vendor import OpenAi
from penstock.sim.playback import Playback
from penstock.sim.prompt_cache import PromptCache
from penstock.sim.rate_limits import CallLimit, RateLimit
from penstock.sim.script import Pace, Script
from penstock.sim.seeded_random import SeededRandom, digest
from penstock.sim.vendor import Endpoint, Received, SimRequest, SimVendor

_RETRIED: Final = (429, 503, 529)

App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


def build_app(config: SimConfig, write_log: Callable[[bytes], object], clock: Clock) -> App:
    """Builds the application. `write_log` receives one line per call. Raises `InvalidRequest` if
    the configuration names an unknown fault."""
    return Simulator(config, CallLog(config.recent_calls, clock.now_ns, write_log), clock)


@dataclass(frozen=True, slots=True)
class Service:
    """One call that is served: its exchange, headers, vendor and log entry."""

    exchange: SimExchange
    headers: Mapping[str, str]
    vendor: SimVendor
    call: LoggedCall


class Simulator:
    """The application and its process-wide state: call log, rate limits, random faults."""

    def __init__(self, config: SimConfig, log: CallLog, clock: Clock) -> None:
        self._config = config
        self._log = log
        self._clock = clock
        self._limit = RateLimit(config.requests_per_minute)
        self._at_once = CallLimit(config.concurrent_calls)
        self._faults = [(parse_fault(name), share) for name, share in config.faults.items()]
        self._openai = OpenAi(config)
        self._gemini = Gemini()
        self._anthropic = Anthropic(PromptCache(clock.monotonic))
        self._cohere = SimCohere()
        self._bedrock = SimBedrock()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        exchange = SimExchange(scope, receive, send)
        headers = exchange.request_headers()
        vendor = self._vendor(exchange, headers)
        try:
            content_type = headers.get("content-type", "")
            endpoint = vendor.endpoint(exchange.path, exchange.query, content_type)
            if vendor is self._openai and await self._answer_kept(exchange, headers):
                return
            if endpoint is None:
                page = self._page(exchange, vendor, headers)
                await exchange.answer(200, msgspec.json.encode(page))
            else:
                call = self._log.begin(exchange.path)
                await self._logged(Service(exchange, headers, vendor, call), endpoint)
        except SimClientDisconnected:
            pass
        except PenstockError as error:
            if error.retry_after_s is not None:
                exchange.response_headers += vendor.retry_headers(error.retry_after_s)
            await exchange.answer(error.status, vendor.error_document(error))

    def _vendor(self, exchange: SimExchange, headers: Mapping[str, str]) -> SimVendor:
        """Selects the vendor whose path it is; headers or the query decide where several have the
        path."""
        path = exchange.path
        if path.startswith(("/model/", "/foundation-models")):
            return self._bedrock
        if path.startswith("/v2/") or "endpoint=" in exchange.query:
            return self._cohere
        if path.startswith("/v1/messages") or "anthropic-version" in headers:
            return self._anthropic
        if path.startswith(("/v1beta/", "/v1/models")) and (
            path.startswith("/v1beta/") or ":" in path or "x-goog-api-key" in headers
        ):
            return self._gemini
        return self._openai

    async def _logged(self, service: Service, endpoint: Endpoint) -> None:
        """Serves one call and logs its outcome, however it ends."""
        call = service.call
        outcome = CallOutcome.FAULT
        try:
            await self._serve(service, endpoint)
            outcome = CallOutcome.FAULT if call.fault else CallOutcome.COMPLETED
        except SimClientDisconnected:
            outcome = CallOutcome.CANCELLED
            raise
        except PenstockError as error:
            outcome, call.status = CallOutcome.REFUSED, error.status
            raise
        finally:
            self._log.end(call, outcome)

    async def _serve(self, service: Service, endpoint: Endpoint) -> None:
        exchange = service.exchange
        _require(exchange, "POST")
        body = await exchange.body(self._config.body_limit_bytes)
        self._admit(service, body)
        with self._at_once.place() as free:
            await self._answer(service, endpoint(body), free)

    async def _answer(
        self, service: Service, request: SimRequest, generated: Callable[[], None]
    ) -> None:
        exchange, headers, call = service.exchange, service.headers, service.call
        controls = with_defaults(read_controls(headers, request.options), self._config)
        call.model, call.stream, call.tag = request.model, request.stream, controls.tag
        call.traceparent = headers.get("traceparent", "")
        fault = controls.chosen_fault() or self._random_fault(call.call)
        script = self._script(service, request, controls, fault)
        pace = Pace((controls.latency_ms or 0) / 1000, controls.tokens_per_second or 0)
        monotonic = self._clock.monotonic
        playback = Playback(
            exchange, script, pace, call, log=self._log, monotonic=monotonic, generated=generated
        )
        await playback.run()

    def _script(
        self, service: Service, request: SimRequest, controls: Controls, fault: Fault | None
    ) -> Script:
        """Returns the script of the answer, and records its status and fault in the call."""
        call = service.call
        call.status = 200
        call.fault = str(fault.status or fault.kind) if fault else ""
        if fault and fault.kind is FaultKind.STATUS:
            call.status = fault.status
            wait_s = controls.retry_after_s
            if fault.status in _RETRIED:
                service.exchange.response_headers += service.vendor.retry_headers(wait_s)
            return document_script(service.vendor.status_document(fault.status, wait_s))
        if fault and fault.kind is FaultKind.HUGE:
            controls = controls.with_huge_answer()
        call.id, script = request.answer(controls, self._clock.now_ns() // 1_000_000_000)
        if fault is None:
            return script
        pause_s = None if controls.stall_ms is None else controls.stall_ms / 1000
        return inject_fault(script, fault.kind, controls.after_tokens, pause_s)

    def _admit(self, service: Service, body: bytes) -> None:
        """Checks credential and rate limit."""
        key = service.vendor.check_credential(_received(service.exchange, service.headers, body))
        state = self._limit.take(key, self._clock.monotonic())
        request_id = digest(service.call.call, self._config.seed).hex()
        service.exchange.response_headers += service.vendor.headers(request_id, state)
        if state:
            state.check()

    def _random_fault(self, number: int) -> Fault | None:
        """Selects a fault by seed and call number, so that a retry is drawn separately."""
        if not self._faults:
            return None
        rng = SeededRandom(self._config.seed, "fault", number)
        return next((fault for fault, share in self._faults if rng.fraction() < share), None)

    def _page(
        self, exchange: SimExchange, vendor: SimVendor, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """The document of a GET route: health, recent calls, the vendor's models."""
        path = exchange.path
        if path == "/healthz":
            _require(exchange, "GET")
            return {"status": "ok", "calls": self._log.count}
        if path == "/sim/calls":
            _require(exchange, "GET")
            return {"calls": self._calls(exchange.query)}
        vendor.check_credential(_received(exchange, headers, b""))
        page = vendor.page(path, exchange.query, self._config.models)
        if page is None:
            raise NotFound(f"Unknown URL: {exchange.method} {path}.", code="unknown_url")
        _require(exchange, "GET")
        return page

    async def _answer_kept(self, exchange: SimExchange, headers: Mapping[str, str]) -> bool:
        """Answers GET and DELETE of what is kept. Returns false for another request."""
        now_s = self._clock.now_ns() // 1_000_000_000
        if not exchange.path.startswith(("/v1/files", "/v1/batches", "/v1/responses/")):
            return False
        self._openai.check_credential(_received(exchange, headers, b""))
        kept = self._openai.kept(exchange.method, exchange.path, now_s)
        if kept is None:
            return False
        if isinstance(kept, bytes):
            await exchange.start(200, b"application/octet-stream", len(kept))
            await exchange.write(kept, more=False)
        else:
            await exchange.answer(200, msgspec.json.encode(kept))
        return True

    def _calls(self, query: str) -> list[LoggedCall]:
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        try:
            after, limit = int(given.get("after", 0)), int(given.get("limit", 100))
        except ValueError:
            raise InvalidRequest("'after' and 'limit' must be whole numbers.") from None
        return self._log.recent(after, limit, given.get("tag", ""))


def _received(exchange: SimExchange, headers: Mapping[str, str], body: bytes) -> Received:
    return Received(exchange.method, exchange.raw_path, exchange.query, headers, body)


def _require(exchange: SimExchange, method: str) -> None:
    if exchange.method != method:
        raise SimMethodNotAllowed(f"{exchange.path} accepts {method}, not {exchange.method}.")
