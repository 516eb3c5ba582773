"""`/healthz`, `/readyz`, `/metrics`: always answered, also at overload."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from penstock.gateway.call import Send
from penstock.gateway.metrics.counts import Metrics
from penstock.gateway.metrics.page import MetricsPage, MetricsPages
from penstock.gateway.metrics.prometheus import Gauges, page_of, render, without_names
from penstock.infra.metrics_access import MetricsAccess

Sentences = Callable[[], list[str]]
Headers = Iterable[tuple[bytes, bytes]]

_JSON: Final = b"application/json"
_PROMETHEUS: Final = b"text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class GatewayHealth:
    """`problems`: why this gateway cannot serve; empty when it is ready. `notices`: what an
    operator should look at although it works."""

    metrics: Metrics
    problems: Sentences
    notices: Sentences
    gauges: Callable[[], Gauges]
    pages: MetricsPages
    worker: str
    access: MetricsAccess

    async def answer(self, path: str, headers: Headers, send: Send) -> None:
        """Answers one of the three paths, and any other with 404."""
        match path:
            case "/healthz":
                await _send(send, 200, _JSON, b'{"status":"ok"}')
            case "/readyz":
                problems = self.problems()
                document = {
                    "status": "unready" if problems else "ready",
                    "problems": problems,
                    "notices": self.notices(),
                }
                await _send(send, 503 if problems else 200, _JSON, msgspec.json.encode(document))
            case "/metrics":
                await self._answer_scrape(dict(headers).get(b"authorization", b""), send)
            case _:
                document = {
                    "error": {"message": f"The gateway has no path {path}.", "code": "not_found"}
                }
                await _send(send, 404, _JSON, msgspec.json.encode(document))

    async def _answer_scrape(self, authorization: bytes, send: Send) -> None:
        sees_all = self.access.sees_all(authorization)
        pages = (self.page(), *self.pages.others())
        text = render(pages if sees_all else map(without_names, pages))
        await _send(send, 200, _PROMETHEUS, text.encode("utf-8", "replace"))

    def page(self) -> MetricsPage:
        """The metrics of this worker."""
        return page_of(self.metrics, self.gauges(), self.worker)


async def _send(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
