"""OpenAI-compatible vendors and servers: a new one is a row. Quirks: see `openai_compatible`.

There is no column for public prices: the base URL decides, so self-hosted servers have none.
"""

from collections.abc import Mapping
from typing import Final

from penstock.spi.chat import Vendor

VENDORS: Final[Mapping[str, Vendor]] = {
    "openai": Vendor("OpenAI", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    "anthropic": Vendor(
        "Anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", kind="anthropic"
    ),
    "bedrock": Vendor(
        "Amazon Bedrock",
        "https://bedrock-runtime.us-east-1.amazonaws.com",
        "AWS_BEARER_TOKEN_BEDROCK",
        kind="bedrock",
    ),
    "gemini": Vendor(
        "Google Gemini",
        "https://generativelanguage.googleapis.com/v1beta",
        "GEMINI_API_KEY",
        kind="gemini",
    ),
    "vertex": Vendor(
        "Google Vertex AI", "https://aiplatform.googleapis.com", "GOOGLE_API_KEY", kind="vertex"
    ),
    "google": Vendor(
        "Google Gemini (OpenAI's format)",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
    ),
    "mistral": Vendor(  # it rejects members that it does not know; by the types of its own SDK
        "Mistral",
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        {
            "stream_usage": "no",
            "parts": "mistral",
            "rename_fields": "max_completion_tokens:max_tokens,seed:random_seed",
            "drop_fields": "user,safety_identifier,store,logit_bias,verbosity,stream_options,"
            "prompt_cache_retention",
        },
    ),
    "groq": Vendor("Groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "deepseek": Vendor("DeepSeek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "openrouter": Vendor("OpenRouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "together": Vendor("Together", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "fireworks": Vendor("Fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "xai": Vendor("xAI", "https://api.x.ai/v1", "XAI_API_KEY"),
    "ai21": Vendor("AI21", "https://api.ai21.com/studio/v1", "AI21_API_KEY"),
    "azure": Vendor("Azure OpenAI", "", "AZURE_OPENAI_API_KEY", {"key_header": "api-key"}),
    "azure-entra": Vendor("Azure OpenAI (Entra ID)", "", kind="azure"),
    "cohere": Vendor("Cohere", "https://api.cohere.com/v2", "CO_API_KEY", kind="cohere"),
    "jina": Vendor("Jina", "https://api.jina.ai/v1", "JINA_API_KEY"),
    "huggingface": Vendor("Hugging Face", "https://router.huggingface.co/v1", "HF_TOKEN"),
    "huggingface-endpoints": Vendor("Hugging Face Inference Endpoints", "", "HF_TOKEN"),
    "replicate": Vendor(
        "Replicate",
        "https://api.replicate.com/v1",
        "REPLICATE_API_TOKEN",
        kind="replicate",
    ),
    "modal": Vendor("Modal", ""),
    "nvidia": Vendor("NVIDIA NIM", "https://integrate.api.nvidia.com/v1", "NVIDIA_API_KEY"),
    "perplexity": Vendor("Perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY"),
    "cerebras": Vendor("Cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "lm-studio": Vendor("LM Studio", "http://127.0.0.1:1234/v1"),
    "ray-serve": Vendor("Ray Serve", "http://127.0.0.1:8000/v1"),
    "sglang": Vendor("SGLang", "http://127.0.0.1:30000/v1"),
    "triton": Vendor("Triton (its frontend for OpenAI's API)", "http://127.0.0.1:9000/v1"),
    "triton-generate": Vendor(
        "Triton (its generate extension)", "http://127.0.0.1:8000", kind="triton"
    ),
    "ollama": Vendor("Ollama", "http://127.0.0.1:11434/v1"),
    "vllm": Vendor("vLLM", "http://127.0.0.1:8000/v1", quirks={"classify": "vllm"}),
    "llama.cpp": Vendor("llama.cpp", "http://127.0.0.1:8080/v1"),
    "transformers": Vendor(
        "transformers serve",
        "http://127.0.0.1:8000/v1",
        quirks={"stream_usage": "no", "terminator": "finish_reason"},
    ),
}
