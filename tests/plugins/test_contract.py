"""What every provider plugin keeps to, whatever the caller asks and the provider answers."""

import json
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.infra.registry import Registry
from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.plugins.surfaces.anthropic import AnthropicSurface
from penstock.plugins.surfaces.gemini import GeminiSurface
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.plugins.surfaces.responses import ResponsesSurface
from penstock.rules.call import Operation
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.redaction import Redaction
from penstock.spi.chat import ChatProvider, OutgoingCall, PassedRequest, ProviderConfig
from penstock.spi.http import HttpRequest
from penstock.spi.surface import Surface

SECRET = "sk-secret-of-contract-0123456789"
SURFACES: tuple[Surface, ...] = (
    OpenAISurface(),
    AnthropicSurface(),
    GeminiSurface(),
    ResponsesSurface(),
)
MESSAGES = [{"role": "user", "content": "hello"}]
BODIES = {
    "openai": {"model": "m", "messages": MESSAGES},
    "anthropic": {"model": "m", "max_tokens": 5, "messages": MESSAGES},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]},
    "openai-responses": {"model": "m", "input": "hello"},
}
PROVIDERS: Registry[ChatProvider] = Registry("penstock.providers")


class Served(NamedTuple):
    """A plugin with a provider of its kind, and a model that it serves. `own` is the surface of its
    dialect, if there is one."""

    name: str
    kind: str
    model: str
    config: ProviderConfig
    surface: str = "openai"

    @property
    def plugin(self) -> ChatProvider:
        return PROVIDERS.get(self.kind).for_dialect(self.surface, self.config, self.model)

    @property
    def own(self) -> Surface | None:
        return next((one for one in SURFACES if one.dialect == self.plugin.dialect), None)

    def build(self, *, model: str | None = None, stream: bool = False) -> list[HttpRequest]:
        """The request for the bytes of its own dialect, and the one of a translation."""
        model = self.model if model is None else model
        body = json.dumps(BODIES["openai"]).encode()
        read = OpenAISurface().read_conversation(body)
        calls = [OutgoingCall(Operation.CHAT, model, stream, b"", conversation=read)]
        if self.own is not None:
            body = json.dumps(BODIES[self.own.dialect]).encode()
            calls.append(OutgoingCall(Operation.CHAT, model, stream, body))
        return [self.plugin.build(self.config, call).http for call in calls]


def config(base_url: str, secret: str = SECRET, **quirks: str) -> ProviderConfig:
    return ProviderConfig("p", base_url, secret, quirks)


BASE = "https://models.example.com/v1"
AZURE = config("https://models.example.com", api_version="2024-10-21", key_header="api-key")
KEYS = "AKIDEXAMPLE0:wJalrXUtnFEMI/K7MDENG"
SERVED = (
    Served("openai", "openai-compatible", "gpt-x", config(BASE)),
    Served("azure", "openai-compatible", "gpt-x", AZURE),
    Served("entra", "azure", "gpt-x", config(BASE, key_header="api-key")),
    Served(
        "responses", "openai-compatible", "m", config(BASE, responses="yes"), "openai-responses"
    ),
    Served("anthropic", "anthropic", "claude-x", config(BASE)),
    Served("bearer", "anthropic", "claude-x", config(BASE, auth="bearer")),
    Served("gemini", "gemini", "gemini-x", config("https://models.example.com/v1beta")),
    Served("cohere", "cohere", "command-x", config("https://models.example.com/v2")),
    Served("bedrock", "bedrock", "amazon.nova:0", config("https://bedrock-runtime.eu-west-1.test")),
    Served("replicate", "replicate", "meta/llama-x", config(BASE)),
    Served("triton", "triton", "ensemble", config("https://models.example.com")),
    Served("signed", "bedrock", "amazon.nova:0", config("https://models.example.com", KEYS)),
    Served("vertex", "vertex", "gemini-x", config("https://models.example.com", project="p-1")),
    Served("open", "vertex", "meta/llama-x", config("https://models.example.com", project="p-1")),
    Served("claude", "vertex", "claude-x@1", config("https://models.example.com", project="p-1")),
)
served_by_all = pytest.mark.parametrize("served", SERVED, ids=lambda one: one.name)


def test_every_installed_kind_is_here() -> None:
    assert {one.kind for one in SERVED} == set(PROVIDERS.names())


@served_by_all
def test_the_credential_is_in_the_headers_only(served: Served) -> None:
    listed = served.plugin.build_model_list(served.config)
    assert (listed.method, listed.body) == ("GET", b"")
    for request in (*served.build(), *served.build(stream=True), listed):
        assert served.config.secret not in request.url
        assert served.config.secret.encode() not in request.body
        values = b"\n".join(value for _, value in request.headers)
        signed = ":" in served.config.secret
        assert (served.config.secret.encode() in values) != signed
        assert b"wJalrXUtnFEMI" not in values


@served_by_all
def test_without_a_secret_there_is_no_credential(served: Served) -> None:
    without = served._replace(config=config(served.config.base_url, "", **served.config.quirks))
    plain = {name for request in without.build() for name, _ in request.headers}
    assert plain.isdisjoint({b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key"})


@served_by_all
def test_requests_are_well_formed(served: Served) -> None:
    for request in (*served.build(), served.plugin.build_model_list(served.config)):
        names = [name for name, _ in request.headers]
        assert len(names) == len(set(names))
        assert all(name == name.lower() for name in names)
        headers = dict(request.headers)
        assert headers[b"accept-encoding"] == b"identity"
        assert request.method == "GET" or headers[b"content-type"] == b"application/json"
        assert request.url.isascii()


@served_by_all
def test_a_slash_at_the_end_of_the_base_url_changes_nothing(served: Served) -> None:
    base = served.config.base_url
    slashed = served._replace(config=config(f"{base}/", SECRET, **served.config.quirks))
    plain = served._replace(config=config(base, SECRET, **served.config.quirks))
    assert [one.url for one in slashed.build()] == [one.url for one in plain.build()]
    assert (
        slashed.plugin.build_model_list(slashed.config).url
        == plain.plugin.build_model_list(plain.config).url
    )


LEAVING = ("", ".", "..", "../x", "a/../../b", "/", "a//b", "%2e%2e", "x?y", "x#y", "\\..")


@served_by_all
@given(
    model=st.sampled_from(LEAVING)
    | st.text(max_size=30)
    | st.text("./:?#%@\\ ago-tiple\r\n", max_size=30)
)
def test_no_name_of_a_model_leads_to_another_place(served: Served, model: str) -> None:
    try:
        requests = served.build(model=model)
    except InvalidRequest:
        return
    expected = [urlsplit(one.url) for one in served.build()]
    for request, usual in zip(requests, expected, strict=True):
        found = urlsplit(request.url)
        assert request.url.isascii()
        assert request.url.isprintable()
        assert (found.scheme, found.netloc, found.query) == (
            usual.scheme,
            usual.netloc,
            usual.query,
        )
        assert not {".", ".."} & set(found.path.split("/"))
        assert found.path.startswith(urlsplit(served.config.base_url).path)
        assert not found.fragment


@served_by_all
@pytest.mark.parametrize("path", ["../x", "a/../../x", "a/%2e%2e/x", "//host/x", "a//b", "a\\\\b"])
def test_other_paths_stay_below_the_base_url(served: Served, path: str) -> None:
    request = PassedRequest("POST", path, "", (), b"")
    with pytest.raises(InvalidRequest, match="not allowed"):
        served.plugin.pass_through(served.config, request)


@served_by_all
def test_a_passed_request_keeps_its_bytes_and_gets_the_credential(served: Served) -> None:
    headers = ((b"content-type", b"audio/mpeg"), (b"accept", b"*/*"))
    request = PassedRequest("PUT", "files/a%20b", "x=1", headers, b"\x00\xff")
    found = served.plugin.pass_through(served.config, request)
    base = served.config.base_url.rstrip("/")
    assert (found.method, found.body) == ("PUT", b"\x00\xff")
    assert found.url == f"{base}/files/a%20b?x=1"
    names = [name for name, _ in found.headers]
    assert len(names) == len(set(names))
    assert set(headers) <= set(found.headers)
    bare = served.plugin.pass_through(config(base, "", **served.config.quirks), request)
    assert len(found.headers) > len(bare.headers)


HOSTILE = st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("choices", "message", "content", "usage", "error", "models", "data", "output")
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())


@served_by_all
@given(body=HOSTILE)
def test_an_answer_is_read_or_is_an_error_of_the_provider(served: Served, body: bytes) -> None:
    plugin = served.plugin
    for read in (plugin.read_answer, plugin.read_events, plugin.read_model_list, plugin.read_tail):
        with suppress(UpstreamFailed):
            read(body)


@served_by_all
@given(body=HOSTILE, secret=st.sampled_from(("", SECRET)))
def test_an_error_is_read_without_the_credential(served: Served, body: bytes, secret: str) -> None:
    document = json.dumps({"error": {"message": f"{secret} {body!r}", "code": secret}}).encode()
    for each in (body, document):
        found = served.plugin.read_error(each, Redaction(SECRET))
        assert SECRET not in f"{found.message}{found.type}{found.param}{found.code}"


EVENTS = HOSTILE.map(lambda document: b"data: %b\n\n" % document)


@served_by_all
@given(pieces=st.lists(HOSTILE | EVENTS))
@pytest.mark.parametrize("translated", [False, True])
def test_a_stream_ends_as_done_or_as_failed(
    served: Served, pieces: list[bytes], *, translated: bool
) -> None:
    stream = served.plugin.open_stream(
        served.config,
        RequestHead("m", stream=True),
        capture_limit=1000,
        redaction=Redaction(SECRET),
        translated=translated,
    )
    for piece in pieces:
        if stream.done or stream.failure is not None:
            break
        stream.feed(piece)
        stream.take_events()
    if not stream.done and stream.failure is None:
        stream.close()
    assert stream.done or stream.failure is not None
    stream.document()
    assert stream.facts is not None
