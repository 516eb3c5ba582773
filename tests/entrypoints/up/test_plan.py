"""The configurations of the processes: valid, and with the defaults of the process."""

from pathlib import Path

import msgspec
import pytest

from penstock.entrypoints.gateway.config import GatewayConfig, RedisConfig
from penstock.entrypoints.server.config import ServerConfig
from penstock.entrypoints.up import plan
from penstock.entrypoints.up.child import Program
from penstock.entrypoints.up.simulator import known_providers, simulator_port, simulator_url
from penstock.infra.settings_tree import GatewaySettings, ServerSettings, Settings, SpoolSettings
from penstock.sim.config import SimConfig

HOME = Path("/home/of/penstock")


def decoded(program: Program, kind: type) -> object:
    """Decodes the configuration as the process does; checks that it knows every field."""
    config = msgspec.json.decode(program.config, type=kind)
    known = msgspec.to_builtins(config)
    assert keys(msgspec.json.decode(program.config)) <= keys(known)
    return config


def keys(tree: object, prefix: str = "") -> set[str]:
    if not isinstance(tree, dict):
        return {prefix}
    return {key for name, value in tree.items() for key in keys(value, f"{prefix}.{name}")}


def test_the_defaults_of_settings_are_those_of_the_processes() -> None:
    settings = Settings(home=HOME)
    (gateway,) = plan.gateways(settings, "http://127.0.0.1:4001")
    config = decoded(gateway, GatewayConfig)
    assert config == GatewayConfig(home=str(HOME), log_level="warning")
    assert decoded(plan.server(settings), ServerConfig) == ServerConfig(
        home=str(HOME), log_level="warning"
    )


def test_settings_reach_the_processes() -> None:
    settings = Settings(
        home=HOME,
        host="0.0.0.0",
        log_level="debug",
        gateway=GatewaySettings(port=5000, workers=2, max_in_flight=7, drain_s=3),
        server=ServerSettings(port=5001, allowed_hosts=("a.example",), secure_cookie=True),
        spool=SpoolSettings(quota_bytes=2_000_000),
    )
    first, second = plan.gateways(settings, plan.local_server_url(settings))
    config = decoded(second, GatewayConfig)
    assert isinstance(config, GatewayConfig)
    assert (config.host, config.port, config.worker) == ("0.0.0.0", 5000, "2")
    assert config.server_url == "http://127.0.0.1:5001"
    assert (config.limits.max_in_flight, config.limits.drain_s) == (7, 3)
    assert config.spool.quota_bytes == 2_000_000
    assert (first.name, second.name) == ("gateway-1", "gateway-2")
    server = decoded(plan.server(settings, "http://127.0.0.1:9/v1"), ServerConfig)
    assert isinstance(server, ServerConfig)
    assert server.gateway_url == "http://127.0.0.1:5000"
    assert (server.port, server.allowed_hosts, server.secure_cookie) == (5001, ("a.example",), True)
    assert server.simulator_url == "http://127.0.0.1:9/v1"


def test_gateways_and_server_use_the_same_redis() -> None:
    redis = {"redis_url": "redis://:secret@host:6379/0", "redis_allowance": 0.5}
    settings = Settings(home=HOME, gateway=GatewaySettings.model_validate(redis))
    (gateway,) = plan.gateways(settings, "http://127.0.0.1:4001")
    config = decoded(gateway, GatewayConfig)
    assert isinstance(config, GatewayConfig)
    assert config.redis == RedisConfig("redis://:secret@host:6379/0", 0.5)
    server = decoded(plan.server(settings), ServerConfig)
    assert isinstance(server, ServerConfig)
    assert server.redis_url == config.redis.url


def test_the_simulator_gets_an_address_and_a_realistic_speed() -> None:
    config = decoded(plan.simulator(Settings(), "127.0.0.1", 4010), SimConfig)
    assert isinstance(config, SimConfig)
    assert (config.host, config.port) == ("127.0.0.1", 4010)
    assert config.latency_ms > 0 < config.tokens_per_second


@pytest.mark.parametrize(
    ("host", "reached"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("10.0.0.7", "10.0.0.7")],
)
def test_a_wildcard_address_is_reached_on_loopback(host: str, reached: str) -> None:
    assert plan.connect_host(host) == reached


def store_snapshot(home: Path, providers: dict[str, str]) -> None:
    """Writes a snapshot in the format that gateways store."""
    sections = home / "snapshot" / "sections"
    sections.mkdir(parents=True)
    (home / "snapshot" / "root.json").write_bytes(
        msgspec.json.encode({"schema": 1, "sections": {"prj_1/providers": "abc", "prices": "def"}})
    )
    listed = [{"name": name, "kind": "k", "base_url": url} for name, url in providers.items()]
    (sections / "abc").write_bytes(
        msgspec.json.encode({"project_id": "prj_1", "providers": listed})
    )


@pytest.fixture
def no_openai_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.mark.usefixtures("no_openai_key")
def test_the_simulator_starts_if_no_other_provider_exists(tmp_path: Path) -> None:
    assert simulator_port(Settings(home=tmp_path)) is not None
    assert simulator_port(Settings(home=tmp_path, demo="off")) is None
    store_snapshot(tmp_path, {"openai": "https://api.openai.com/v1"})
    assert simulator_port(Settings(home=tmp_path)) is None
    assert simulator_port(Settings(home=tmp_path, demo="on")) is not None


def test_a_key_for_openai_is_a_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-something")
    assert simulator_port(Settings(home=tmp_path)) is None


def test_a_penstock_key_is_not_an_openai_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user may export it for an OpenAI client and restart in the same shell."""
    monkeypatch.setenv("OPENAI_API_KEY", "pk_0123456789")
    assert simulator_port(Settings(home=tmp_path)) is not None


@pytest.mark.usefixtures("no_openai_key")
def test_the_simulator_restarts_on_its_last_port(tmp_path: Path) -> None:
    port = simulator_port(Settings(home=tmp_path))
    assert port is not None
    store_snapshot(tmp_path, {"sim": simulator_url(port)})
    assert simulator_port(Settings(home=tmp_path)) == port


@pytest.mark.parametrize("damage", ["", "{", '{"sections": {"p/providers": "gone"}}', '{"a": 1}'])
def test_a_damaged_snapshot_has_no_providers(tmp_path: Path, damage: str) -> None:
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot" / "root.json").write_text(damage)
    assert known_providers(tmp_path) == {}
