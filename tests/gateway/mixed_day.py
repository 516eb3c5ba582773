"""A mixed day of calls over the simulator: all surfaces, providers of all formats, calls that pass,
are translated, fail over, are hedged, and are answered from the cache."""

import json
from typing import Any, NamedTuple

from hypothesis import strategies as st

from gateway.homes import provider
from penstock.rules.snapshot import ProviderEntry, RouteEntry, RouteTarget

SECRETS = {"sec_aws": "AKIDSIM:secret-of-AKIDSIM"}
CACHED = "x-penstock-cache: 3600\r\n"
BETA = "anthropic-version: 2023-06-01\r\nanthropic-beta: context-1m-2025-08-07\r\n"


class Asked(NamedTuple):
    """A request to the gateway. `repeated`: it is sent twice."""

    path: str
    body: bytes
    headers: str = ""
    repeated: bool = False
    method: str = "POST"


def providers(address: str) -> list[ProviderEntry]:
    """One provider of each format, one of which nobody listens, one with edited fields."""
    edited = {"rename_fields": "max_tokens=max_completion_tokens", "passthrough": "yes"}
    return [
        provider(f"{address}/v1", "oai", models=("sim-small",), quirks={"passthrough": "yes"}),
        provider(f"{address}/v1", "edited", models=(), quirks=edited),
        provider(f"{address}/v1", "resp", models=(), quirks={"responses": "yes"}),
        provider(f"{address}/v1", "claude", kind="anthropic", models=()),
        provider(f"{address}/v1beta", "gem", kind="gemini", models=()),
        provider(f"{address}/v2", "co", kind="cohere", models=()),
        provider(address, "aws", kind="bedrock", models=(), secret_id="sec_aws"),
        provider(address, "vertex", kind="vertex", models=(), quirks={"project": "p-1"}),
        provider("http://127.0.0.1:1/v1", "down", models=()),
    ]


ROUTES = (
    RouteEntry(
        "fails-over",
        1,
        (RouteTarget("down", "m"), RouteTarget("claude", "sim-small", priority=1)),
        max_attempts=2,
    ),
    RouteEntry(
        "hedged",
        2,
        (RouteTarget("oai", "sim-small"), RouteTarget("gem", "sim-small", priority=1)),
        max_attempts=2,
        hedge_percent=50,
        hedge_after_ms=1,
    ),
)
MODELS = (
    *("oai/sim-small", "sim-small", "edited/sim-small", "resp/sim-small", "claude/sim-small"),
    *("gem/sim-small", "co/command-a", "aws/amazon.nova-pro", "vertex/gemini-2.5-flash"),
    *("vertex/claude-sonnet-4-5", "vertex/meta/llama-4", "fails-over", "hedged"),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


class _Style(NamedTuple):
    """How a client writes its JSON."""

    ensure_ascii: bool
    spaces: bool
    slashes: bool
    sort: bool

    def write(self, document: Any) -> bytes:
        separators = None if self.spaces else (",", ":")
        text = json.dumps(
            document, ensure_ascii=self.ensure_ascii, separators=separators, sort_keys=self.sort
        )
        return (text.replace("/", "\\/") if self.slashes else text).encode()


_STYLES = st.builds(_Style, st.booleans(), st.booleans(), st.booleans(), st.booleans())


def _chat(draw: st.DrawFn, model: str, text: str, *, stream: bool) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": text}]}
    body["max_tokens"] = draw(st.integers(20, 60))
    if draw(st.booleans()):
        function = {"name": "f", "description": text, "parameters": SCHEMA}
        body["tools"] = [{"type": "function", "function": function}]
    if draw(st.booleans()):
        body["messages"].insert(0, {"role": "system", "content": text[::-1]})
    return "/v1/chat/completions", body | ({"stream": True} if stream else {})


def _messages(draw: st.DrawFn, model: str, text: str, *, stream: bool) -> tuple[str, Any]:
    body = {"model": model, "max_tokens": 40, "messages": [{"role": "user", "content": text}]}
    if draw(st.booleans()):
        body["system"] = text
    return "/v1/messages", body | ({"stream": True} if stream else {})


def _responses(draw: st.DrawFn, model: str, text: str, *, stream: bool) -> tuple[str, Any]:
    body = {"model": model, "input": text, "stream": stream}
    return "/v1/responses", body | ({"instructions": text} if draw(st.booleans()) else {})


def _gemini(draw: st.DrawFn, model: str, text: str, *, stream: bool) -> tuple[str, Any]:
    body: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    if draw(st.booleans()):
        body["generation_config" if draw(st.booleans()) else "generationConfig"] = {"topK": 4}
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/v1beta/models/{model}:{method}", body


_SURFACES = (_chat, _messages, _responses, _gemini)


@st.composite
def chats(draw: st.DrawFn) -> Asked:
    """A chat through any surface to any model."""
    surface, model, text = (
        draw(st.sampled_from(_SURFACES)),
        draw(st.sampled_from(MODELS)),
        draw(TEXTS),
    )
    path, body = surface(draw, model, text, stream=draw(st.booleans()))
    cached = draw(st.booleans())
    headers = CACHED if cached else ""
    headers += BETA if path == "/v1/messages" and draw(st.booleans()) else ""
    return Asked(path, draw(_STYLES).write(body), headers, repeated=cached)


@st.composite
def others(draw: st.DrawFn) -> Asked:
    """A call of another operation, or to a provider's own path."""
    text, write = draw(TEXTS), draw(_STYLES).write
    known = [
        Asked("/v1/embeddings", write({"model": "oai/sim-embed", "input": [text]})),
        Asked("/v1/moderations", write({"model": "oai/sim-moderate", "input": text})),
        Asked("/v1/completions", write({"model": "oai/sim-small", "prompt": text})),
        Asked("/v1/audio/speech", write({"model": "oai/tts", "input": text, "voice": "alloy"})),
        Asked("/v2/rerank", write({"model": "co/rank", "query": text, "documents": [text, "b"]})),
        Asked("/v1/classify", write({"model": "oai/cls", "input": [text]})),
        Asked(
            "/v1/messages/count_tokens", write(_messages(draw, "claude/x", text, stream=False)[1])
        ),
        Asked("/v1beta/models/gem/e:embedContent", write({"content": {"parts": [{"text": text}]}})),
        Asked(
            "/passthrough/oai/chat/completions?a=%20b&key=k", write({"model": "m", "x": text}), BETA
        ),
        Asked("/passthrough/oai/models?limit=2", b"", method="GET"),
        Asked(
            "/passthrough/edited/files", text.encode() + b"\xff\x00", "content-type: image/png\r\n"
        ),
    ]
    return draw(st.sampled_from(known))


def routed() -> list[Asked]:
    """Streams that fail over, and some that are hedged while the first target is silent."""
    found: list[Asked] = []
    for model in ("fails-over", *["hedged"] * 4):
        body = {"model": model, "stream": True, "max_tokens": 30}
        body["messages"] = [{"role": "user", "content": "hello"}]
        raw = json.dumps(body).encode()
        found += (Asked("/v1/chat/completions", raw), Asked("/v1/messages", raw))
    return found
