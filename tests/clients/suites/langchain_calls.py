"""langchain's standard tests of chat models, for its three clients with the gateway as their base
URL. What these tests download comes from this folder.
"""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests
from over import GATEWAY, KEY, PROVIDERS, Over

_FILES = {
    ".png": bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da63"
        "64f80f00010501012718e3660000000049454e44ae426082"
    ),
    ".pdf": b"%PDF-1.4\n%%EOF\n",
    ".wav": b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00"
    b"\x40\x1f\x00\x00\x01\x00\x08\x00data\x00\x00\x00\x00",
}


@pytest.fixture(autouse=True)
def _downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests use no network."""

    def get(url: str, **_: Any) -> httpx.Response:
        request = httpx.Request("GET", url)
        return httpx.Response(200, content=_FILES[Path(url).suffix], request=request)

    monkeypatch.setattr(httpx, "get", get)


@pytest.fixture(name="benchmark")
def _benchmark() -> None:
    """`test_stream_time` asks for this and `vcr`; it is skipped without recorded answers."""


@pytest.fixture(name="vcr")
def _vcr() -> None:
    pass


class _Standard(ChatModelIntegrationTests):
    over: Over
    client: type[BaseChatModel]
    params: dict[str, Any]

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return self.client

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.over.model, "max_retries": 0, **self.params}


_OPENAI = {
    "supports_image_inputs": True,
    "supports_image_urls": True,
    "supports_json_mode": True,
    "supports_anthropic_inputs": True,
    "supports_pdf_inputs": True,
    "supports_image_tool_message": True,
}
_ANTHROPIC = {
    "supports_image_inputs": True,
    "supports_image_urls": True,
    "supports_pdf_inputs": True,
    "supports_image_tool_message": True,
    "supports_pdf_tool_message": True,
    "supports_anthropic_inputs": True,
}
_GOOGLE = {
    "supports_image_inputs": True,
    "supports_json_mode": True,
    "supports_pdf_inputs": True,
    "supports_audio_inputs": True,
}
_OPENAI_URL: dict[str, Any] = {
    "base_url": f"{GATEWAY}/v1",
    "api_key": KEY,
    "stream_usage": True,  # off by default for other base URLs than OpenAI's
}
_CLIENTS: dict[str, tuple[type[BaseChatModel], dict[str, Any], dict[str, bool]]] = {
    "langchain-openai": (ChatOpenAI, _OPENAI_URL, _OPENAI),
    "langchain-openai, Responses": (
        ChatOpenAI,
        {**_OPENAI_URL, "use_responses_api": True, "store": False},
        _OPENAI,
    ),
    "langchain-anthropic": (ChatAnthropic, {"base_url": GATEWAY, "api_key": KEY}, _ANTHROPIC),
    "langchain-google-genai": (
        ChatGoogleGenerativeAI,
        {"base_url": GATEWAY, "api_key": KEY},
        _GOOGLE,
    ),
}


def _suite(row: str, provider: str) -> type[_Standard]:
    client, params, supports = _CLIENTS[row]
    fields = {"over": Over(row, provider), "client": client, "params": params}
    flags = {name: property(lambda _, value=value: value) for name, value in supports.items()}
    return type(f"Test{client.__name__}", (_Standard,), {**fields, **flags})


for _row in _CLIENTS:
    for _provider in PROVIDERS:
        _name = re.sub(r"\W+", "_", f"Test {_row} {_provider}")
        globals()[_name] = _suite(_row, _provider)
