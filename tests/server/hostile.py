"""Generates requests for the law that no route answers 5xx, from the API's description: with real
ids and valid values, and sometimes with an unexpected value anywhere."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

# Written as JSON text, because Python's own writer would refuse or mend some of it.
ODD_JSON = [
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "-1e-400",
    "NaN",
    str(2**63),
    str(2**64),
    "9" * 5000,
    '""',
    '"\\u0000"',
    '"\\ud800"',
    '"x\\udc00"',
    '"\\u2028\\r\\n"',
    '"' + "a" * 70_000 + '"',
    '"' + "9" * 5000 + '"',
    '"1E+1000000"',
    '"1E-1000000"',
    '"0E-1000000"',
    '"0.' + "1" * 500 + '"',
    '"Infinity"',
    '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59-12:00"',
    '"1969-12-31T23:59:59Z"',
    '"2262-04-11T23:47:16Z"',
    '"https://[::1/v1"',
    '"https://a.invalid:99999/v1"',
    '"https://' + "a" * 300 + '.invalid/v1"',
    '"http://127.0.0.1:9/v1"',
    '"é\U0001f600"',
    "[]",
    "[[]]",
    "{}",
    '{"a": 1, "a": 2}',
    "[" * 10_000 + "]" * 10_000,
    "[" * 15 + "]" * 15,
    "[" + "1," * 3000 + "1]",
]
ODD_BYTES = [
    b"",
    b"\xff",
    b"\x00",
    b"\xc0\x80",
    b"..",
    b"../../etc/passwd",
    b"a/b",
    b"%",
    b"'\"",
    b"\r\n",
    "\u2028".encode(),
    "é\U0001f600".encode(),
    "²".encode(),
    b"-1",
    b"0",
    b"1e400",
    b"nan",
    b"inf",
    b"true",
    b"9" * 18,
    b"9" * 200,
    b"9" * 5000,
    str(2**63).encode(),
    b"1E-1000000",
    b"a" * 3000,
    b"0" * 32,
    b"f" * 64,
    b"0001-01-01T00:00:00+14:00",
    b"9999-12-31T23:59:59-12:00",
    b"2263-01-01T00:00:00Z",
    b"1969-01-01T00:00:00Z",
    b"W10",
    b"OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk",
    b"WzkyMjMzNzIwMzY4NTQ3NzU4MDcsIiJd",
]
ODD_HEADERS = [
    ("origin", b"http://["),
    ("origin", b"null"),
    ("origin", b"\xff"),
    ("host", b""),
    ("host", b"[::1"),
    ("host", b"a@b:99999"),
    ("host", b"\xe9"),
    ("cookie", b"penstock_session=\xff; penstock_device=.; =;;"),
    ("cookie", b"penstock_session=" + b"a" * 5000),
    ("authorization", b"Bearer"),
    ("authorization", b"Bearer " + b" " * 2000),
    ("authorization", b"Bearer \xff\xfe"),
    ("authorization", b"Basic eDp5"),
    ("x-csrf-token", b"\xe9"),
    ("content-type", b""),
    ("content-type", b"application/json; charset=\xff"),
    ("content-type", b"application/json; charset=utf-16"),
    ("content-type", b"multipart/form-data"),
    ("content-type", b"multipart/form-data; boundary=x"),
    ("content-type", b"application/x-www-form-urlencoded"),
    ("accept", b"*/*;q=\xff"),
    ("accept-encoding", b"\xff"),
    ("range", b"bytes=0-99999999999999999999"),
    ("range", b"bytes=,,"),
    ("range", b"bytes=9-1"),
    ("range", b"bytes=" + b"0-1," * 500),
    ("if-none-match", b"\xff"),
    ("if-modified-since", b"Thu, 99 Jan 9999 99:99:99 GMT"),
    ("traceparent", b"00-\xff"),
    ("x-penstock-batch", b"\xff" * 10),
    ("x-penstock-batch", b"a" * 300),
    ("expect", b"100-continue"),
    ("x-forwarded-for", b"\xff, 1.2.3.4"),
]
MIGHTY = ("bootstrap key", "admin session", "admin key", "gateway")
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]


@dataclass(frozen=True)
class Operation:
    """A route with one of its methods, as the API describes it."""

    method: str
    path: str
    query: Sequence[str] = ()
    body: Mapping[str, Any] | None = None  # its JSON schema
    odd_bodies: Sequence[bytes] = ()  # for a route whose body is no JSON


@dataclass
class Ids:
    """Real values by the name of the parameter that takes them; a list may change meanwhile."""

    values: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def of(self, name: str) -> st.SearchStrategy[str]:
        known = self.values.get(name) or ["x"]
        return st.sampled_from(known)


@dataclass(frozen=True)
class Request:
    method: str
    target: bytes
    headers: tuple[tuple[str, bytes], ...]
    body: bytes
    role: str

    def __repr__(self) -> str:
        shown = (self.method, self.target[:300], self.headers, self.body[:400], self.role)
        return f"Request{shown!r}"


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """What an OpenAPI document describes."""
    found: list[Operation] = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            query = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            found.append(Operation(method.upper(), path, query, schema))
    return found


class Generator:
    """Draws requests; `schemas` are the document's components."""

    def __init__(self, ids: Ids, schemas: Mapping[str, Any], roles: Mapping[str, Any]) -> None:
        self._ids = ids
        self._schemas = schemas
        self._roles = roles
        # Whoever may do more reaches more code.
        self._callers = [*roles, *(5 * [name for name in roles if name in MIGHTY])]

    def requests(self, known: Sequence[Operation]) -> st.SearchStrategy[Request]:
        """Any request to any of these operations."""
        return st.sampled_from(known).flatmap(self._request)

    @staticmethod
    def _seldom() -> st.SearchStrategy[bool]:
        return st.sampled_from([False] * 9 + [True])

    def _request(self, operation: Operation) -> st.SearchStrategy[Request]:
        @st.composite
        def drawn(draw: st.DrawFn) -> Request:
            seldom = self._seldom()
            method = draw(st.sampled_from(METHODS)) if draw(seldom) else operation.method
            role = draw(st.sampled_from(self._callers))
            headers = {k: v.encode() for k, v in self._roles[role].items()}
            body = draw(self._body(operation))
            if body:
                headers["content-type"] = b"application/json"
            odd = draw(st.lists(st.sampled_from(ODD_HEADERS), max_size=2)) if draw(seldom) else []
            headers |= dict(odd)
            target = self._path(draw, operation) + self._query(draw, operation)
            return Request(method, target, tuple(headers.items()), body, role)

        return drawn()

    def _path(self, draw: st.DrawFn, operation: Operation) -> bytes:
        parts: list[str] = []
        for part in operation.path.split("/"):
            if not part.startswith("{"):
                parts.append(part)
            elif draw(self._seldom()):
                parts.append(quote_from_bytes(draw(st.sampled_from(ODD_BYTES)), safe=""))
            else:
                parts.append(draw(self._ids.of(part.strip("{}"))))
        return "/".join(parts).encode()

    def _query(self, draw: st.DrawFn, operation: Operation) -> bytes:
        if not operation.query:
            return b"?%00=%ff" if draw(self._seldom()) else b""
        names = draw(st.lists(st.sampled_from(operation.query), max_size=3))
        if "project_id" in operation.query and not draw(self._seldom()):
            names = [*(n for n in names if n != "project_id"), "project_id"]
        pairs: list[str] = []
        for name in names:
            odd = name not in self._ids.values or draw(self._seldom())
            value = draw(st.sampled_from(ODD_BYTES)) if odd else draw(self._ids.of(name)).encode()
            pairs.append(f"{name}={quote_from_bytes(value)}")
        return ("?" + "&".join(pairs)).encode() if pairs else b""

    def _body(self, operation: Operation) -> st.SearchStrategy[bytes]:
        if operation.odd_bodies:
            return st.sampled_from(operation.odd_bodies)
        odd = st.sampled_from(ODD_JSON).map(lambda text: text.encode("utf-8", "surrogatepass"))
        broken = st.sampled_from(
            [b'{"a":', b"\xff\xfe", b"\xef\xbb\xbf{}", b"x=1", b'{"\\ud800": 1}']
        )
        if operation.body is None:
            good: st.SearchStrategy[bytes] = st.just(b"")
        else:
            good = self._value("", operation.body).map(str.encode)
        return st.sampled_from([good] * 14 + [odd, broken]).flatmap(lambda chosen: chosen)

    def _value(self, name: str, schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
        """JSON text that fits the schema, or at times does not."""
        fitting = self._fitting(name, schema)
        odd = st.sampled_from(ODD_JSON)
        return st.sampled_from([fitting] * 12 + [odd]).flatmap(lambda chosen: chosen)

    def _fitting(self, name: str, schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
            return self._fitting(name, schema)
        if "anyOf" in schema:
            return st.sampled_from(schema["anyOf"]).flatmap(lambda one: self._fitting(name, one))
        if "enum" in schema:
            return st.sampled_from(schema["enum"]).map(json.dumps)
        match schema.get("type"):
            case "object":
                return self._object(schema)
            case "array":
                return st.lists(self._value(name, schema["items"]), max_size=3).map(
                    lambda items: f"[{','.join(items)}]"
                )
            case "integer" | "number":
                return st.sampled_from(["0", "1", "60", "1000"])
            case "boolean":
                return st.sampled_from(["true", "false"])
            case "null":
                return st.just("null")
            case _:
                return self._text(name, schema)

    def _text(self, name: str, schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
        if schema.get("format") == "date-time":
            return st.sampled_from(['"2030-01-01T00:00:00Z"', '"2030-01-01T00:00:00+14:00"'])
        new = st.text("abcdef0123", min_size=1, max_size=12)
        known = self._ids.of(name) if name in self._ids.values else new
        return (known | new if name == "name" else known).map(json.dumps)

    def _object(self, schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
        known: Mapping[str, Any] = schema.get("properties", {})
        required = set(schema.get("required", ()))

        @st.composite
        def drawn(draw: st.DrawFn) -> str:
            names = [n for n in known if n in required or draw(st.booleans())]
            fields = [f"{json.dumps(n)}:{draw(self._value(n, known[n]))}" for n in names]
            if fields and draw(self._seldom()):
                fields.append(fields[0])  # the same name twice
            return "{" + ",".join(fields) + "}"

        return drawn()
