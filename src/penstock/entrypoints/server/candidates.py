"""The providers that the server looks for at its start."""

from penstock.entrypoints.server.config import ServerConfig
from penstock.features.catalog.service.discovery import (
    Candidate,
    local_server,
    simulator,
    with_key,
)
from penstock.infra.settings import openai_api_key
from penstock.plugins.providers.vendors import VENDORS


def candidates(config: ServerConfig) -> tuple[Candidate, ...]:
    """Returns local model servers, OpenAI if its API key is set, and the simulator if it runs."""
    found = tuple(local_server(name, VENDORS[name]) for name in ("ollama", "vllm"))
    if key := openai_api_key():
        found += (with_key("openai", VENDORS["openai"], key),)
    if config.simulator_url:
        found += (simulator(config.simulator_url),)
    return found
