"""OpenAI-compatible vendors: where they are, which variable holds their key, what is odd.

A vendor is a row. `vendor` names its price list (genai-prices); empty: self-hosted, unpriced.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Vendor:
    """Defaults for a provider of this name. Quirks are explained in `openai_compatible`."""

    base_url: str
    api_key_env: str = ""
    vendor: str = ""
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])


VENDORS: Final[Mapping[str, Vendor]] = {
    "openai": Vendor("https://api.openai.com/v1", "OPENAI_API_KEY", "openai"),
    "groq": Vendor("https://api.groq.com/openai/v1", "GROQ_API_KEY", "groq"),
    "mistral": Vendor(
        "https://api.mistral.ai/v1", "MISTRAL_API_KEY", "mistral", {"stream_usage": "no"}
    ),
    "deepseek": Vendor("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", "deepseek"),
    "openrouter": Vendor("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "openrouter"),
    "together": Vendor("https://api.together.xyz/v1", "TOGETHER_API_KEY", "together"),
    "fireworks": Vendor("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", "fireworks"),
    "xai": Vendor("https://api.x.ai/v1", "XAI_API_KEY", "x-ai"),
    "cerebras": Vendor("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY", "cerebras"),
    "ollama": Vendor("http://127.0.0.1:11434/v1"),
    "vllm": Vendor("http://127.0.0.1:8000/v1"),
    "llama.cpp": Vendor("http://127.0.0.1:8080/v1"),
    "transformers": Vendor(
        "http://127.0.0.1:8000/v1", quirks={"stream_usage": "no", "terminator": "finish_reason"}
    ),
}
