"""The gateways of `bench.faults`, each with a configuration that says what docs/drill.md says.

LiteLLM's settings are those of its pages on fallbacks, timeouts and retries: a fallback of each
kind, `timeout` and `stream_timeout` of a model, no retries where there is a fallback (it would try
`a` again before `b`), and two where there is none. Cooldowns and breakers are the defaults.
"""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.contenders import HERE, MASTER_KEY
from bench.gateway_alone import KEY, PROJECT, gateway_worker
from bench.process import free_port, started, wait_http
from penstock.rules.snapshot.providers import ProviderEntry
from penstock.rules.snapshot.routes import ROUTES, RouteEntry, RoutesSection, RouteTarget
from tests.drills.fault_providers import FAULTS
from tests.drills.fault_table import AFTER, ALONE, BY_NAME, LIMITS

OTHER_DIALECT: Final = "other-dialect"  # its `b` speaks Anthropic's format
_FALLBACKS: Final = {
    "context-length": "context_window_fallbacks",
    "content-filter": "content_policy_fallbacks",
}
Urls = Callable[[str, str], str]  # of a fault and a name


@dataclass(frozen=True, slots=True)
class Contender:
    """A running gateway. `models`: what callers ask for, by fault."""

    port: int
    key: str
    models: Mapping[str, str]


Start = Callable[[Path, Urls, str], AbstractContextManager[Contender]]


@contextmanager
def penstock(folder: Path, url: Urls, cores: str) -> Generator[Contender, None, None]:
    """One worker without a server."""
    section = RoutesSection(PROJECT, tuple(_route(fault) for fault in FAULTS))
    policies = {ROUTES.name(PROJECT): section}
    log = folder / "gateway.log"
    with gateway_worker(folder, _providers(url), policies, cores=cores, log=log) as (port, _):
        models = {fault: f"{fault}-a/m" if fault in BY_NAME else fault for fault in FAULTS}
        yield Contender(port, KEY, models)


@contextmanager
def litellm(folder: Path, url: Urls, cores: str) -> Generator[Contender, None, None]:
    """LiteLLM's proxy with one worker."""
    port, log, config = free_port(), folder / "litellm.log", folder / "litellm.yaml"
    config.write_text(json.dumps(litellm_config(url)))  # JSON is YAML
    command = [str(HERE / ".env-litellm/bin/litellm"), "--config", str(config)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    env = {
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "ERROR",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "PATH": f"{HERE / '.env-litellm/bin'}:/usr/bin:/bin",
    }
    with started(command, cores=cores, log=log, env=env) as process:
        wait_http(f"http://127.0.0.1:{port}/health/liveliness", process, log, patience_s=180)
        yield Contender(port, MASTER_KEY, {fault: f"{fault}-a" for fault in FAULTS})


CONTENDERS: Final[Mapping[str, Start]] = {"penstock": penstock, "litellm": litellm}


def litellm_config(url: Urls) -> dict[str, Any]:
    """Returns the configuration of LiteLLM's proxy."""
    fallbacks: dict[str, list[dict[str, list[str]]]] = {
        each: [] for each in ("fallbacks", *_FALLBACKS.values())
    }
    for fault in FAULTS:
        if fault not in ALONE | BY_NAME:
            kind = _FALLBACKS.get(fault, "fallbacks")
            fallbacks[kind].append({f"{fault}-a": [f"{fault}-b"]})
    return {
        "model_list": [_litellm_model(url, fault, name) for fault in FAULTS for name in ("a", "b")],
        "litellm_settings": {"telemetry": False},
        "router_settings": {"num_retries": 0, **fallbacks},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }


def _litellm_model(url: Urls, fault: str, name: str) -> dict[str, Any]:
    anthropic = fault == OTHER_DIALECT and name == "b"
    base = url(fault, name)
    parameters: dict[str, Any] = {
        "model": "anthropic/claude" if anthropic else "openai/m",
        "api_base": base.removesuffix("/v1") if anthropic else base,
        "api_key": "sk-bench",
        "timeout": LIMITS["first_byte_timeout_ms"] / 1000,
        "stream_timeout": LIMITS["silence_timeout_ms"] / 1000,
        "num_retries": 2 if fault in ALONE else 0,
    }
    return {"model_name": f"{fault}-{name}", "litellm_params": parameters}


def _providers(url: Urls) -> Sequence[ProviderEntry]:
    return [
        ProviderEntry(
            name=f"{fault}-{name}",
            kind="anthropic" if fault == OTHER_DIALECT and name == "b" else "openai-compatible",
            base_url=url(fault, name),
            models=("m",),
            private_allowed=True,
            vendor="openai",
            connect_timeout_ms=LIMITS["connect_timeout_ms"],
            first_byte_timeout_ms=LIMITS["first_byte_timeout_ms"],
            silence_timeout_ms=LIMITS["silence_timeout_ms"],
        )
        for fault in FAULTS
        for name in ("a", "b")
    ]


def _route(fault: str) -> RouteEntry:
    first = RouteTarget(f"{fault}-a", "m")
    second = RouteTarget(f"{fault}-b", "m", priority=1, after=AFTER.get(fault, ()))
    return RouteEntry(
        fault,
        1,
        (first,) if fault in ALONE else (first, second),
        max_attempts=2 if fault == "all-down" else 3,
        first_token_timeout_ms=1000 if fault == "slow-first-token" else 0,
    )
