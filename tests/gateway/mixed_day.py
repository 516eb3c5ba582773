"""A mixed day of calls over the simulator: all surfaces, providers of all formats, calls that pass,
are translated, fail over, are hedged, are answered from the cache, are calls of use cases (their
prompts rendered by the gateway, some with two arms), and calls of which a guardrail check replaces
a part."""

import json
from typing import Any, NamedTuple

from hypothesis import strategies as st

from gateway.homes import provider
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, Place
from penstock.rules.prompts.documents import PromptContent, PromptMessage, PromptVariable
from penstock.rules.releases.documents import Release
from penstock.rules.snapshot.providers import ProviderEntry
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget

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
CARD = "4111 1111 1111 1111"
_WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
TEXTS = st.one_of(_WORDS, _WORDS, st.builds(f"{{}} {CARD} {{}}".format, _WORDS, _WORDS))
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"type": "function", "function": {"name": "look_up", "parameters": SCHEMA}}
CHECKED = tuple(place for place in Place if place is not Place.OUTPUT)
GUARD = GuardrailPolicy("g", "no cards", (Check("card_numbers", CHECKED, Action.REDACT),))
PROMPT = PromptContent(
    "chat",
    messages=(
        PromptMessage("system", "Answer about {{ product }}: {{ note|upper }}."),
        PromptMessage(placeholder="messages"),
    ),
    variables={"product": PromptVariable(), "note": PromptVariable(default="ünits/día")},
)
RELEASES = {
    "case-oai": Release("oai/sim-small", PROMPT.digest(), {"temperature": 0.5, "max_tokens": 41}),
    "case-claude": Release("claude/sim-small", PROMPT.digest(), tools=(FUNCTION,)),
    "case-gemini": Release("gem/sim-small", PROMPT.digest(), response_schema=SCHEMA),
    "case-cohere": Release("co/command-a", PROMPT.digest(), {"max_tokens": 50}),
    "case-bedrock": Release("aws/amazon.nova-pro", PROMPT.digest(), tools=(FUNCTION,)),
    "case-vertex": Release("vertex/claude-sonnet-4-5", PROMPT.digest()),
    "case-route": Release("fails-over", PROMPT.digest(), {"top_p": 0.5}),
}
ARMS = "case-arms"  # a use case whose calls are divided between the first two releases
_PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
_PICTURE += "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


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
    if draw(st.booleans()):
        body["messages"] += _tool_turn(text)
    if draw(st.booleans()):
        body |= draw(st.sampled_from(_OPTIONS))
    if draw(st.integers(0, 3)) == 0:
        picture = {"type": "image_url", "image_url": {"url": _PICTURE}}
        parts = [{"type": "text", "text": text}, picture]
        body["messages"].append({"role": "user", "content": parts})
    return "/v1/chat/completions", body | ({"stream": True} if stream else {})


_OPTIONS: list[dict[str, Any]] = [
    {"temperature": 0.25, "stop": ["END"], "seed": 3},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "c", "schema": SCHEMA}}},
    {"tools": [FUNCTION], "tool_choice": "required", "parallel_tool_calls": False},
    {"user": "u-1", "metadata": {"a": "b"}, "top_p": 0.9},
]


def _tool_turn(text: str) -> list[dict[str, Any]]:
    """A call of a tool, with its result."""
    function = {"name": "look_up", "arguments": json.dumps({"city": text})}
    call = {"id": "call_1", "type": "function", "function": function}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": text},
    ]


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
    """A chat through any surface to any model, or to a use case."""
    surface, text = draw(st.sampled_from(_SURFACES)), draw(TEXTS)
    model = draw(st.one_of(st.sampled_from(MODELS), st.sampled_from((*RELEASES, ARMS))))
    path, body = surface(draw, model, text, stream=draw(st.booleans()))
    cached = draw(st.booleans())
    headers = CACHED if cached else ""
    if model.startswith("case-"):
        variables = {"product": draw(TEXTS)}
        if draw(st.booleans()):
            body["variables"] = variables
        else:
            headers += f"x-penstock-variables: {json.dumps(variables)}\r\n"
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


def of_use_cases() -> list[Asked]:
    """Calls of each use case with a text that a check replaces; of that with two arms so many that
    both answer (all of 16 by one arm: once in 30,000)."""
    found: list[Asked] = []
    for model in (*RELEASES, *[ARMS] * 16):
        body = {"model": model, "messages": [{"role": "user", "content": f"pay {CARD}"}]}
        body["variables"] = {"product": "shoes"}
        found.append(Asked("/v1/chat/completions", json.dumps(body).encode()))
    return found
