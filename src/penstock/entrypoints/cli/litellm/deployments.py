"""`model_list`: each deployment becomes a model of a provider."""

import re
from dataclasses import dataclass
from typing import Final

from penstock.entrypoints.cli.litellm.plan import Plan, PlannedPrice, PlannedProvider
from penstock.entrypoints.cli.litellm.settings import ConfigSection

# The prefixes of LiteLLM's models, with the vendor that serves them here.
_VENDORS: Final = {
    "openai": "openai",
    "azure": "azure",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "bedrock": "bedrock",
    "vertex_ai": "vertex",
    "mistral": "mistral",
    "groq": "groq",
    "deepseek": "deepseek",
    "openrouter": "openrouter",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "xai": "xai",
    "ai21": "ai21",
    "ai21_chat": "ai21",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "huggingface": "huggingface",
    "nvidia_nim": "nvidia",
    "perplexity": "perplexity",
    "cerebras": "cerebras",
    "ollama": "ollama",
    "ollama_chat": "ollama",
    "hosted_vllm": "vllm",
    "vllm": "vllm",
    "lm_studio": "lm-studio",
    "jina_ai": "jina",
    "custom_openai": "",
}
# Models without a prefix, by how their names begin.
_BY_NAME: Final = (
    (re.compile(r"gpt-|o\d|chatgpt-|text-embedding-|dall-e-|whisper-|tts-|omni-"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"gemini-"), "gemini"),
    (re.compile(r"command-|embed-|rerank-"), "cohere"),
    (re.compile(r"mistral-|codestral-|ministral-"), "mistral"),
)
_PRICES: Final = {
    "input_cost_per_token": "input_tokens",
    "output_cost_per_token": "output_tokens",
    "cache_read_input_token_cost": "cache_read_tokens",
    "cache_creation_input_token_cost": "cache_write_tokens",
}
_KEPT_SILENTLY: Final = frozenset(("id", "mode", "base_model", "description"))
_WITH_V1: Final = frozenset(("ollama", "lm-studio"))  # LiteLLM writes their addresses without /v1


@dataclass(frozen=True, slots=True)
class Deployment:
    """One entry of `model_list`: the group that callers name, and where it is served. `share` is
    its weight in LiteLLM's terms: `weight`, `rpm` or `tpm`, 0 if none is given."""

    group: str
    provider: str
    model: str
    share: float
    priority: int
    total_s: float
    first_token_s: float


class Deployments:
    """Reads all deployments. Those with the same vendor, address and key share a provider."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._providers: dict[tuple[str, str, str, tuple[tuple[str, str], ...]], PlannedProvider]
        self._providers = {}
        self.by_group: dict[str, list[Deployment]] = {}

    def read(self, entry: ConfigSection) -> None:
        """Reads one entry of `model_list`."""
        group, params = entry.text("model_name"), entry.section("litellm_params")
        prefix, model = _split(params.text("model"))
        vendor = _VENDORS.get(prefix)
        if not group or not model or vendor is None:
            self._plan.left_out[entry.path] = (
                f"the vendor of {params.text('model')!r} is not known; add a provider by hand"
            )
            return
        if vendor == "openai" and "api_base" in params:
            vendor = "" if "api.openai.com" not in params.text("api_base") else vendor
        provider = self._provider(vendor, params)
        if model == "*":
            provider.any_model = True
        elif model not in provider.models:
            provider.models.append(model)
        if model != "*":
            found = _deployment(group, provider.name, model, params)
            self.by_group.setdefault(group, []).append(found)
            self._read_info(entry.section("model_info"), provider.name, model)
        elif group not in ("*", f"{provider.name}/*"):
            self._plan.left_out[entry.path] = f"call its models as {provider.name}/MODEL"
        _note_unread(self._plan, entry)
        _note_unread(self._plan, params)

    def _provider(self, vendor: str, params: ConfigSection) -> PlannedProvider:
        base_url, key, quirks = _address(vendor, params)
        identity = (vendor, base_url, key, tuple(sorted(quirks.items())))
        found = self._providers.get(identity)
        if found is None:
            taken = {each.name for each in self._providers.values()}
            name = _free_name(vendor or "custom", taken)
            found = self._providers[identity] = PlannedProvider(name, vendor, base_url, key, quirks)
            self._plan.providers.append(found)
            if variable := params.missing_variable("api_key"):
                self._plan.left_out[f"{params.path}.api_key"] = (
                    f"{variable} is not set: the provider {name!r} is created without a key"
                )
        return found

    def _read_info(self, info: ConfigSection, provider: str, model: str) -> None:
        units = {
            unit: f"{info.number(name) * 1_000_000:f}"
            for name, unit in _PRICES.items()
            if name in info
        }
        known = [(each.provider, each.model) for each in self._plan.prices]
        if units and (provider, model) not in known:
            self._plan.prices.append(PlannedPrice(provider, model, units))
        for name in _KEPT_SILENTLY:
            info.value(name)
        _note_unread(self._plan, info)


def _deployment(group: str, provider: str, model: str, params: ConfigSection) -> Deployment:
    shares = [float(params.number(name)) for name in ("weight", "rpm", "tpm")]
    order = int(params.number("order"))
    return Deployment(
        group,
        provider,
        model,
        next((share for share in shares if share), 0.0),
        max(order - 1, 0),
        float(params.number("timeout")),
        float(params.number("stream_timeout")),
    )


def _split(model: str) -> tuple[str, str]:
    """Splits `azure/my-deployment`. A model without a known prefix belongs to a vendor by its
    name."""
    prefix, slash, rest = model.partition("/")
    if slash and prefix in _VENDORS:
        return prefix, rest
    for pattern, vendor in _BY_NAME:
        if pattern.match(model):
            return vendor, model
    return (prefix, rest) if slash else ("", model)


def _address(vendor: str, params: ConfigSection) -> tuple[str, str, dict[str, str]]:
    """Base URL (empty: the vendor's), key and quirks."""
    base_url = params.text("api_base").rstrip("/")
    key, quirks = params.text("api_key"), dict[str, str]()
    if vendor == "azure":
        if version := params.text("api_version"):
            quirks["api_version"] = version
        else:
            base_url = f"{base_url}/openai/v1" if base_url else ""
    elif vendor == "bedrock":
        region = params.text("aws_region_name")
        base_url = f"https://bedrock-runtime.{region}.amazonaws.com" if region else base_url
        access, secret = params.text("aws_access_key_id"), params.text("aws_secret_access_key")
        session = params.text("aws_session_token")
        key = ":".join(filter(None, (access, secret, session))) or key
    elif vendor == "vertex":
        for name, quirk in (("vertex_project", "project"), ("vertex_location", "location")):
            if value := params.text(name):
                quirks[quirk] = value
        credentials = params.text("vertex_credentials")
        key = credentials if credentials.lstrip().startswith("{") else key
    elif vendor in _WITH_V1 and base_url and not base_url.endswith("/v1"):
        base_url += "/v1"
    return base_url, key, quirks


def _free_name(vendor: str, taken: set[str]) -> str:
    name, at = vendor, 1
    while name in taken:
        at += 1
        name = f"{vendor}-{at}"
    return name


def _note_unread(plan: Plan, section: ConfigSection) -> None:
    for name in section.unread():
        plan.left_out[f"{section.path}.{name}"] = "no counterpart"
