"""Answers the question that browsers ask before a web page's call (CORS preflight).

It has no token, so the answer names method and headers for every page. Whether a page may
make the call, and read its answer, its client token decides.
"""

import re
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.stages.reply import ReplyHeaders, send_whole
from penstock.rules.call import Operation
from penstock.rules.operations import TRAITS
from penstock.spi.surface import MAKES_TOKENS, SurfaceRoute

MAX_NAMES_BYTES: Final = 2048  # of the headers that a page asks for
MAX_ORIGIN_BYTES: Final = 256
MAX_AGE_S: Final = 600  # for which a browser need not ask again
_FOR_KEYS: Final = frozenset(
    (
        *(Operation.PASS_THROUGH, MAKES_TOKENS),
        *(operation for operation, traits in TRAITS.items() if traits.kept),
    )
)
_NAMES: Final = re.compile(rb"[A-Za-z0-9-]+(?:[ \t]*,[ \t]*[A-Za-z0-9-]+)*")
_ORIGIN: Final = re.compile(rb"https?://[a-z0-9._\[\]:-]+")


async def answer_preflight(call: Call, route: SurfaceRoute | None) -> bool:
    """Answers a preflight for a path that takes client tokens. Returns false for another request,
    and for one that is not valid."""
    headers = _allowed(call, route)
    if headers is None:
        return False
    await send_whole(call, 204, headers, b"")
    return True


def _allowed(call: Call, route: SurfaceRoute | None) -> ReplyHeaders | None:
    origin = call.headers.get(b"origin", b"")
    wanted = call.headers.get(b"access-control-request-method", b"")
    names = call.headers.get(b"access-control-request-headers", b"")
    if call.method != "OPTIONS" or route is None or route.operation in _FOR_KEYS:
        return None
    if wanted != route.method.encode() or len(names) > MAX_NAMES_BYTES:
        return None
    if len(origin) > MAX_ORIGIN_BYTES or not _ORIGIN.fullmatch(origin):
        return None
    headers: ReplyHeaders = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", wanted),
        (b"access-control-max-age", b"%d" % MAX_AGE_S),
        (b"vary", b"origin, access-control-request-headers"),
    ]
    if names:
        if not _NAMES.fullmatch(names):
            return None
        headers.append((b"access-control-allow-headers", names))
    return headers
