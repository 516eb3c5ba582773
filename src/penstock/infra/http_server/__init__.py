"""The HTTP/1.1 server of every process: it handles sockets and framing and runs an ASGI 3 app.

Deliberately not here: HTTP/2, WebSockets, lifespan, routing, an access log. `docs/security.md`
lists the limits.
"""

from penstock.infra.http_server.limits import HEALTH_PATHS, HttpLimits
from penstock.infra.http_server.server import HttpServer
from penstock.infra.http_server.stats import HttpStats

__all__ = ["HEALTH_PATHS", "HttpLimits", "HttpServer", "HttpStats"]
