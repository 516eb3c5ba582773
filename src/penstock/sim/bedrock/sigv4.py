"""Checks the signatures of AWS requests (Signature Version 4).

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from penstock.sim.vendor import Received

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_FORM: Final = re.compile(
    rf"{_ALGORITHM} Credential=(?P<key>[^/\s]+)/(?P<scope>(?P<date>\d{{8}})/(?P<region>[^/]+)/"
    r"(?P<service>[^/]+)/aws4_request),\s*SignedHeaders=(?P<names>\S+?),"
    r"\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_NEEDED: Final = frozenset(["host", "x-amz-date"])


def secret_of(access_key: str) -> str:
    """Returns the secret access key of an access key ID: the simulator knows it by this rule."""
    return f"secret-of-{access_key}"


def access_key(request: Received) -> str | None:
    """Returns the access key ID of a request with a valid signature; None for any other."""
    found = _FORM.fullmatch(request.headers.get("authorization", ""))
    if found is None or found["service"] != "bedrock":
        return None
    names, time = found["names"].split(";"), request.headers.get("x-amz-date", "")
    if not set(names) >= _NEEDED or not time.startswith(found["date"]):
        return None
    canonical = hashlib.sha256(_canonical(request, names)).hexdigest()
    text = f"{_ALGORITHM}\n{time}\n{found['scope']}\n{canonical}"
    mine = hmac.new(_key(found.groupdict()), text.encode(), "sha256").hexdigest()
    return found["key"] if hmac.compare_digest(mine, found["signature"]) else None


def _canonical(request: Received, names: list[str]) -> bytes:
    headers = "".join(f"{n}:{' '.join(request.headers.get(n, '').split())}\n" for n in names)
    query = "&".join(sorted(request.query.split("&")))
    body = hashlib.sha256(request.body).hexdigest()
    path = quote(request.path, safe="/~")
    lines = (request.method, path, query, headers, ";".join(names), body)
    return "\n".join(lines).encode()


def _key(parts: Mapping[str, str]) -> bytes:
    key = f"AWS4{secret_of(parts['key'])}".encode()
    for part in (parts["date"], parts["region"], parts["service"], "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
