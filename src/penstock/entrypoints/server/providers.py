"""Discovers providers at the server's start, for the first project."""

import asyncio
import logging

from penstock.entrypoints.server.config import ServerConfig
from penstock.features.catalog.assembly import Catalog
from penstock.features.catalog.service.discovery import (
    Candidate,
    local_server,
    simulator,
    with_key,
)
from penstock.features.identity.assembly import Identity
from penstock.infra.settings import openai_api_key
from penstock.plugins.providers.vendors import VENDORS


async def find_providers(catalog: Catalog, identity: Identity, config: ServerConfig) -> None:
    """Adds or updates the providers that exist now, and removes a simulator that no longer
    runs."""
    log = logging.getLogger("penstock.server")
    project_id = await asyncio.to_thread(identity.first_project_id)
    if not config.simulator_url:
        await asyncio.to_thread(catalog.discovery.remove, project_id, "sim")
    for found in await catalog.discovery.run(project_id, _candidates(config)):
        log.info("provider %s at %s: %d models", found.name, found.base_url, found.model_count)
        if found.problem:
            log.warning("provider %s: %s", found.name, found.problem)


def _candidates(config: ServerConfig) -> tuple[Candidate, ...]:
    candidates = tuple(local_server(name, VENDORS[name]) for name in ("ollama", "vllm"))
    if key := openai_api_key():
        candidates += (with_key("openai", VENDORS["openai"], key),)
    if config.simulator_url:
        candidates += (simulator(config.simulator_url),)
    return candidates
