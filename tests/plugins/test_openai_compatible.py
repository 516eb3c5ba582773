"""The provider plugin, found by its entry point."""

import json

import pytest

from penstock.infra.registry import Registry
from penstock.kernel.errors import NotFound, UpstreamFailed
from penstock.spi.chat import ChatProvider, OutgoingCall, ProviderConfig

TARGET = ProviderConfig("up", "http://host/v1/", "sk-1")


@pytest.fixture
def plugin() -> ChatProvider:
    providers: Registry[ChatProvider] = Registry("penstock.providers")
    return providers.get("openai-compatible")


def test_a_plugin_is_created_once_and_an_unknown_one_is_reported() -> None:
    providers: Registry[ChatProvider] = Registry("penstock.providers")
    assert providers.get("openai-compatible") is providers.get("openai-compatible")
    assert "openai-compatible" in providers.names()
    with pytest.raises(NotFound, match="no-such") as caught:
        providers.get("no-such")
    assert "openai-compatible" in caught.value.hint


def test_a_call_goes_to_its_path_with_our_credential(plugin: ChatProvider) -> None:
    assert plugin.dialect == "openai"
    call = OutgoingCall("chat", "m", stream=False, body=b'{"model":"up/m"}')
    request = plugin.build(TARGET, call).http
    assert (request.method, request.url) == ("POST", "http://host/v1/chat/completions")
    assert request.body == b'{"model":"m"}'
    assert (b"authorization", b"Bearer sk-1") in request.headers
    assert (b"accept-encoding", b"identity") in request.headers
    call = OutgoingCall("embeddings", "m", stream=False, body=b'{"model":"m"}')
    assert plugin.build(TARGET, call).http.url == "http://host/v1/embeddings"


def test_without_a_secret_there_is_no_authorization(plugin: ChatProvider) -> None:
    call = OutgoingCall("chat", "m", stream=False, body=b'{"model":"m"}')
    request = plugin.build(ProviderConfig("up", "http://host/v1"), call).http
    assert b"authorization" not in dict(request.headers)


@pytest.mark.parametrize(("quirks", "asked"), [({}, True), ({"stream_usage": "no"}, False)])
def test_usage_is_requested_in_streams_unless_a_quirk_says_no(
    plugin: ChatProvider, quirks: dict[str, str], *, asked: bool
) -> None:
    call = OutgoingCall("chat", "m", stream=True, body=b'{"model":"m","stream":true}')
    request = plugin.build(ProviderConfig("up", "http://host/v1", "", quirks), call).http
    assert ("stream_options" in json.loads(request.body)) == asked


def test_models_are_listed(plugin: ChatProvider) -> None:
    request = plugin.build_model_list(TARGET)
    assert (request.method, request.url) == ("GET", "http://host/v1/models")
    body = b'{"object":"list","data":[{"id":"a","owned_by":"x"},{"id":"b"}]}'
    assert plugin.read_model_list(body) == ("a", "b")
    with pytest.raises(UpstreamFailed, match="list of models"):
        plugin.read_model_list(b"<html>")
