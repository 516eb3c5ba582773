"""`/healthz`, `/readyz`, `/metrics`: always answered, also when calls are shed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from penstock.gateway.call import Send
from penstock.gateway.metrics.counts import Metrics
from penstock.gateway.metrics.page import MetricsPage, MetricsPages
from penstock.gateway.metrics.prometheus import page_of, render, without_names
from penstock.infra.metrics_access import MetricsAccess

Sentences = Callable[[], list[str]]
Headers = Iterable[tuple[bytes, bytes]]
Gauges = Callable[[], Mapping[str, tuple[str, float]]]

_JSON: Final = b"application/json"
_PROMETHEUS: Final = b"text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class GatewayHealth:
    """`problems` says what keeps this gateway from its work; without any it is ready. `notices`
    says what works but wants to be looked at."""

    metrics: Metrics
    problems: Sentences
    notices: Sentences
    gauges: Gauges
    pages: MetricsPages
    worker: str
    access: MetricsAccess

    async def answer(self, path: str, headers: Headers, send: Send) -> None:
        """One of the three, or 404."""
        match path:
            case "/healthz":
                await _send(send, 200, _JSON, b'{"status":"ok"}')
            case "/readyz":
                problems = self.problems()
                told = {
                    "status": "unready" if problems else "ready",
                    "problems": problems,
                    "notices": self.notices(),
                }
                await _send(send, 503 if problems else 200, _JSON, msgspec.json.encode(told))
            case "/metrics":
                await self._answer_scrape(dict(headers).get(b"authorization", b""), send)
            case _:
                told = {"error": {"message": f"There is no {path} here.", "code": "not_found"}}
                await _send(send, 404, _JSON, msgspec.json.encode(told))

    async def _answer_scrape(self, authorization: bytes, send: Send) -> None:
        sees_all = self.access.sees_all(authorization)
        pages = (self.page(), *self.pages.others())
        text = render(pages if sees_all else map(without_names, pages))
        await _send(send, 200, _PROMETHEUS, text.encode("utf-8", "replace"))

    def page(self) -> MetricsPage:
        """This worker's own metrics."""
        return page_of(self.metrics, self.gauges(), self.worker)


async def _send(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
