"""The HTTP/1.1 server of every process: sockets and framing outside, an ASGI 3 app inside.

Deliberately not here: HTTP/2, WebSockets, lifespan, routing, an access log. `docs/security.md`
says what is bounded.
"""

from penstock.infra.http_server.limits import HEALTH_PATHS, HttpLimits
from penstock.infra.http_server.server import HttpServer
from penstock.infra.http_server.stats import HttpStats

__all__ = ["HEALTH_PATHS", "HttpLimits", "HttpServer", "HttpStats"]
