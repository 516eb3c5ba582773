"""Vertex AI: what the plugin sends is what the official SDKs send to a local recorder."""

import json
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from anthropic import AnthropicVertex
from google.auth import jwt
from google.genai import Client
from google.genai.errors import APIError
from google.oauth2 import credentials, service_account
from hypothesis import given
from hypothesis import strategies as st

from penstock.infra.registry import Registry
from penstock.kernel.errors import InvalidRequest, PenstockError, UpstreamFailed
from penstock.plugins.providers.vertex import Vertex, create
from penstock.plugins.surfaces.anthropic import AnthropicSurface
from penstock.plugins.surfaces.gemini import GeminiSurface
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.call import Operation
from penstock.spi.chat import ChatProvider, OutgoingCall, PassedRequest, ProviderConfig
from penstock.spi.http import HttpRequest
from penstock.spi.surface import Surface
from penstock.spi.tokens import TokenIssuer
from plugins.vertex_accounts import key_file, public_key

PLUGIN = create()
HOST = "https://europe-west4-aiplatform.googleapis.com"
TOKEN = "a.token.of.ours"
CONFIG = ProviderConfig("v", HOST, key_file(1), {}, TOKEN)
CLAUDE = "claude-sonnet-4-5@20250929"
HELLO: list[Any] = [{"role": "user", "content": "hello"}]
MESSAGE = {"model": CLAUDE, "max_tokens": 5, "messages": HELLO}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"system": "be brief"},
    {"stop_sequences": ["."], "metadata": {"user_id": "u"}},
    {"tools": [{"name": "f", "input_schema": {"type": "object"}}]},
    {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048},
    {"stream": True},
]
CONFIGS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.5, "top_k": 3, "max_output_tokens": 5, "seed": 7},
    {"system_instruction": "be brief", "stop_sequences": ["."]},
    {"response_mime_type": "application/json", "response_json_schema": {"type": "object"}},
    {"tools": [{"function_declarations": [{"name": "f", "description": "d"}]}]},
    {"thinking_config": {"include_thoughts": True, "thinking_budget": 64}},
]


@dataclass
class Recorder:
    """What a client sent: path, headers, body of each request."""

    url: str = ""
    seen: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)


@contextmanager
def recorder() -> Iterator[Recorder]:
    found = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.seen.append((self.path, headers, json.loads(body)))
            self.send_response(400)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def built(
    surface: Surface, body: Any, model: str, config: ProviderConfig = CONFIG, **fields: Any
) -> HttpRequest:
    """The plugin's request for a caller's body, as dispatch makes it."""
    plugin = PLUGIN.for_dialect(surface.dialect, config, model)
    raw = json.dumps(body).encode()
    call = OutgoingCall(Operation.CHAT, model, stream=False, body=raw)
    if plugin.dialect != surface.dialect:
        call = OutgoingCall(
            Operation.CHAT,
            model,
            stream=False,
            body=b"",
            conversation=surface.read_conversation(raw),
        )
    fields = {name: value for name, value in fields.items() if value is not None}
    return plugin.build(config, OutgoingCall(**{**as_dict(call), **fields})).http


def as_dict(call: OutgoingCall) -> dict[str, Any]:
    return {name: getattr(call, name) for name in call.__struct_fields__}


def sent_by_anthropic(base: str, options: dict[str, Any], *, count: bool = False) -> Any:
    with recorder() as seen:
        client = AnthropicVertex(
            region="europe-west4",
            project_id="project-1",
            access_token=TOKEN,
            base_url=seen.url + base,
            max_retries=0,
        )
        with suppress(Exception):
            if count:
                client.messages.count_tokens(model=CLAUDE, messages=HELLO)
            else:
                client.messages.create(**{**MESSAGE, **options})
        (one,) = seen.seen
        return one


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_messages_are_sent_as_the_official_sdk_sends_them(options: dict[str, Any]) -> None:
    path, headers, body = sent_by_anthropic("/v1", options)
    version = body["anthropic_version"]
    passed = ((b"anthropic-version", version.encode()), (b"anthropic-beta", b"b-1"))
    request = built(
        AnthropicSurface(),
        MESSAGE | options,
        CLAUDE,
        stream=options.get("stream", False),
        headers=passed,
    )
    assert request.url == HOST + path
    assert json.loads(request.body) == body
    ours = {name.decode(): value.decode() for name, value in request.headers}
    assert ours["authorization"] == headers["authorization"] == f"Bearer {TOKEN}"
    assert ours["anthropic-beta"] == "b-1"
    assert "anthropic-version" not in ours
    assert "anthropic-version" not in headers


def test_tokens_are_counted_as_the_official_sdk_counts_them() -> None:
    path, _, body = sent_by_anthropic("/v1", {}, count=True)
    passed = ((b"anthropic-version", body["anthropic_version"].encode()),)
    asked = {"model": "any", "messages": HELLO}
    request = built(
        AnthropicSurface(), asked, CLAUDE, operation=Operation.COUNT_TOKENS, headers=passed
    )
    assert (request.url, json.loads(request.body)) == (HOST + path, body)


@pytest.mark.parametrize("header", [None, b"2023-06-01"])
def test_the_first_version_of_the_api_has_a_name_of_its_own_on_vertex(header: bytes | None) -> None:
    headers = () if header is None else ((b"anthropic-version", header),)
    request = built(AnthropicSurface(), MESSAGE, CLAUDE, headers=headers)
    assert json.loads(request.body)["anthropic_version"] == "vertex-2023-10-16"
    request = built(OpenAISurface(), {"model": "m", "messages": HELLO}, CLAUDE)
    body = json.loads(request.body)
    assert (body["anthropic_version"], "model" in body) == ("vertex-2023-10-16", False)
    own = MESSAGE | {"anthropic_version": "of-the-caller"}
    request = built(AnthropicSurface(), own, CLAUDE, headers=headers)
    assert json.loads(request.body)["anthropic_version"] == "of-the-caller"


@pytest.mark.parametrize("config", CONFIGS, ids=str)
@pytest.mark.parametrize("stream", [False, True])
def test_contents_are_sent_as_the_official_sdk_sends_them(
    config: dict[str, Any], *, stream: bool
) -> None:
    with recorder() as seen:
        client = Client(
            vertexai=True,
            project="project-1",
            location="europe-west4",
            credentials=credentials.Credentials(TOKEN),
            http_options={"base_url": seen.url},
        )
        models: Any = client.models
        ask = models.generate_content_stream if stream else models.generate_content
        with suppress(APIError):
            list(ask(model="gemini-2.5-flash", contents="hello", config=config))
        ((path, headers, body),) = seen.seen
    request = built(GeminiSurface(), body, "gemini-2.5-flash", stream=stream)
    assert request.url == HOST + path
    assert json.loads(request.body) == body
    assert dict(request.headers)[b"authorization"].decode() == headers["authorization"]


@pytest.mark.parametrize("model", ["gemini-2.5-flash", "google/gemini-2.5-flash"])
def test_an_api_key_uses_the_express_mode_like_the_official_sdk(model: str) -> None:
    with recorder() as seen:
        client = Client(vertexai=True, api_key="a-key", http_options={"base_url": seen.url})
        with suppress(APIError):
            client.models.count_tokens(model=model, contents="hello")
        ((path, headers, body),) = seen.seen
    config = ProviderConfig("v", "https://aiplatform.googleapis.com", "a-key")
    request = built(GeminiSurface(), body, model, config, operation=Operation.COUNT_TOKENS)
    assert request.url == "https://aiplatform.googleapis.com" + path
    assert dict(request.headers)[b"x-goog-api-key"].decode() == headers["x-goog-api-key"]
    assert PLUGIN.issue_token("a-key", 0.0) is None


@pytest.mark.parametrize(
    ("base", "quirks", "start"),
    [
        ("https://aiplatform.googleapis.com", {}, "/v1beta1/projects/project-1/locations/global/"),
        (
            "https://aiplatform.eu.rep.googleapis.com",
            {},
            "/v1beta1/projects/project-1/locations/eu/",
        ),
        ("http://10.0.0.1/v1/", {"location": "us"}, "/v1/projects/project-1/locations/us/"),
        (HOST, {"project": "p/../2"}, "/v1beta1/projects/p%2F..%2F2/locations/europe-west4/"),
    ],
)
def test_base_url_and_quirks_say_project_and_location(
    base: str, quirks: dict[str, str], start: str
) -> None:
    config = replace(CONFIG, base_url=base, quirks=quirks)
    url = built(GeminiSurface(), {"contents": []}, "gemini-2.5-flash", config).url
    origin = "/".join(base.split("/")[:3])
    assert url.startswith(f"{origin}{start}publishers/google/models/gemini-2.5-flash:")


def test_models_of_other_publishers_have_the_format_of_openai() -> None:
    """Google's documentation: "Call MaaS APIs for open models"."""
    asked = {"model": "any", "messages": HELLO}
    request = built(OpenAISurface(), asked, "meta/llama-4-scout-17b-16e-instruct-maas")
    where = "/v1/projects/project-1/locations/europe-west4/endpoints/openapi/chat/completions"
    assert request.url == HOST + where
    assert json.loads(request.body) == asked | {"model": "meta/llama-4-scout-17b-16e-instruct-maas"}
    assert dict(request.headers)[b"authorization"] == f"Bearer {TOKEN}".encode()
    translated = built(AnthropicSurface(), MESSAGE, "zai-org/glm-4.7-maas")
    assert json.loads(translated.body)["model"] == "zai-org/glm-4.7-maas"
    with pytest.raises(InvalidRequest, match="in a project only"):
        built(OpenAISurface(), asked, "meta/llama", ProviderConfig("v", HOST, "a-key"))


def test_a_tuned_model_is_an_endpoint_of_the_project() -> None:
    url = built(GeminiSurface(), {"contents": []}, "endpoints/123").url
    assert url.endswith("/projects/project-1/locations/europe-west4/endpoints/123:generateContent")


@given(st.text(max_size=40) | st.text("./:?#%@ago-tiple", max_size=40))
def test_no_name_of_a_model_leaves_the_project(model: str) -> None:
    surface: Surface = AnthropicSurface() if model.startswith("claude") else GeminiSurface()
    body = MESSAGE if model.startswith(("claude", "anthropic/")) else {"contents": []}
    surface = AnthropicSurface() if body is MESSAGE else surface
    try:
        url = built(surface, body, model).url
    except InvalidRequest:
        return
    head, _, tail = url.partition("/projects/project-1/locations/europe-west4/")
    assert url.isascii()
    assert head in (f"{HOST}/v1beta1", f"{HOST}/v1")
    parts = tail.split("/")
    assert len(parts) in (2, 4)
    assert not {"", ".", ".."} & set(parts)
    assert not set("?#%") & set(tail.removesuffix("?alt=sse"))


def test_embeddings_are_refused_with_a_way_out() -> None:
    with pytest.raises(InvalidRequest, match="another format") as raised:
        built(GeminiSurface(), {"content": {}}, "e", operation=Operation.EMBEDDINGS)
    assert "/passthrough" in raised.value.hint


def test_other_paths_get_the_token() -> None:
    asked = PassedRequest("GET", "v1/projects/project-1/x", "", (), b"")
    for plugin in (PLUGIN, PLUGIN.for_dialect("passthrough", CONFIG, CLAUDE)):
        request = plugin.pass_through(CONFIG, asked)
        assert request.url == f"{HOST}/v1/projects/project-1/x"
        assert dict(request.headers)[b"authorization"] == f"Bearer {TOKEN}".encode()


@pytest.mark.parametrize("model", ["gemini-2.5-flash", CLAUDE, "meta/llama"])
def test_the_key_file_itself_never_goes_out(model: str) -> None:
    config = replace(CONFIG, token="")
    plugin = PLUGIN.for_dialect("openai", config, model)
    requests = [
        built(OpenAISurface(), {"model": "m", "messages": HELLO}, model, config),
        plugin.build_model_list(config),
        plugin.pass_through(config, PassedRequest("GET", "v1/x", "", (), b"")),
    ]
    for request in requests:
        assert "PRIVATE" not in repr(request)
        assert {b"authorization", b"x-goog-api-key"}.isdisjoint(dict(request.headers))


def test_google_lists_its_models() -> None:
    request = PLUGIN.build_model_list(CONFIG)
    assert request.url.startswith(f"{HOST}/v1beta1/publishers/google/models?")
    listed = {"publisherModels": [{"name": "publishers/google/models/gemini-2.5-flash"}]}
    assert PLUGIN.read_model_list(json.dumps(listed).encode()) == ("gemini-2.5-flash",)
    with pytest.raises(UpstreamFailed, match="list of models"):
        PLUGIN.read_model_list(b"<html>")


def test_the_token_is_the_one_that_the_official_library_signs() -> None:
    now_s = float(int(time.time()))
    issued = PLUGIN.issue_token(key_file(1), now_s)
    assert issued is not None
    theirs: Any = service_account.Credentials.from_service_account_info(
        json.loads(key_file(1)), scopes=["https://www.googleapis.com/auth/cloud-platform"]
    ).with_always_use_jwt_access(True)
    theirs._create_self_signed_jwt(None)
    signed, _ = theirs._jwt_credentials._make_jwt()
    ours, expected = (
        jwt.decode(token, certs=public_key(key_file(1)), audience=None)
        for token in (issued.text, signed)
    )
    assert jwt.decode_header(issued.text) == jwt.decode_header(signed)
    assert (ours["iat"], ours["exp"], issued.expires_s) == (now_s, now_s + 3600, now_s + 3600)
    assert ours | {"iat": 0, "exp": 0} == dict(expected) | {"iat": 0, "exp": 0}
    assert issued.hidden == (json.loads(key_file(1))["private_key"],)


def altered(**members: object) -> str:
    return json.dumps(json.loads(key_file(1)) | members)


@pytest.mark.parametrize(
    "secret",
    [
        "{",
        "{}",
        "{]",
        altered(private_key="-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        altered(private_key=7),
        altered(client_email=None),
    ],
)
def test_a_secret_that_is_no_key_file_is_reported_without_its_text(secret: str) -> None:
    with pytest.raises(UpstreamFailed, match="not the key file") as raised:
        PLUGIN.issue_token(secret, 0.0)
    assert raised.value.code == "upstream_credential"
    assert "AAAA" not in raised.value.sentence()


VALUES = st.none() | st.integers() | st.text(max_size=20) | st.lists(st.text(), max_size=2)
PEMS = st.binary(max_size=90).map(
    lambda raw: (
        f"-----BEGIN PRIVATE KEY-----\n{b64encode(raw).decode()}\n-----END PRIVATE KEY-----\n"
    )
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "client_email": VALUES,
            "private_key": VALUES | PEMS,
            "private_key_id": VALUES,
            "project_id": VALUES,
        },
    ),
    st.integers(0, 10),
)
def test_any_text_is_a_key_file_or_is_reported(members: dict[str, Any], cut: int) -> None:
    text = json.dumps(members)
    secret = text[: len(text) - cut]
    with suppress(UpstreamFailed):
        assert PLUGIN.issue_token(secret, 0.0) is None
        assert not secret.startswith("{")
    config = replace(CONFIG, secret=secret)
    with suppress(InvalidRequest, UpstreamFailed):
        assert built(GeminiSurface(), {"contents": []}, "gemini-x", config).url.isascii()


def test_a_key_file_without_a_project_needs_the_quirk() -> None:
    config = replace(CONFIG, secret=altered(project_id=""))
    with pytest.raises(PenstockError, match="names no project"):
        built(GeminiSurface(), {"contents": []}, "gemini-2.5-flash", config)


def test_the_plugin_is_found_by_its_entry_point_and_issues_tokens() -> None:
    providers: Registry[ChatProvider] = Registry("penstock.providers")
    found = providers.get("vertex")
    assert isinstance(found, Vertex)
    assert isinstance(found, TokenIssuer)
    assert not isinstance(providers.get("gemini"), TokenIssuer)
