"""Settings: the order of precedence, and one clear line for each error."""

from pathlib import Path

import pytest

from penstock.infra.settings import every_setting, load
from penstock.kernel.errors import SetupError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    return tmp_path


def test_flags_override_variables_which_override_the_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "penstock.toml").write_text(
        'host = "10.0.0.1"\n[gateway]\nport = 1000\nworkers = 2\ndrain_s = 5\n'
    )
    monkeypatch.setenv("PENSTOCK_GATEWAY__PORT", "2000")
    monkeypatch.setenv("PENSTOCK_GATEWAY__WORKERS", "3")
    loaded = load({"gateway.port": 3000, "gateway.workers": None})
    gateway = loaded.settings.gateway
    assert (gateway.port, gateway.workers, gateway.drain_s) == (3000, 3, 5)
    assert loaded.settings.host == "10.0.0.1"
    assert loaded.settings.server.port == 4001
    assert loaded.origins["gateway.port"] == "command line"
    assert loaded.origins["gateway.workers"] == "PENSTOCK_GATEWAY__WORKERS"
    assert loaded.origins["gateway.drain_s"] == str(home / "penstock.toml")
    assert "server.port" not in loaded.origins


def test_the_home_flag_chooses_the_file(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "penstock.toml").write_text("[server]\nport = 5000\n")
    loaded = load({"home": str(other)})
    assert (loaded.settings.home, loaded.settings.server.port) == (other, 5000)


def test_lists_in_variables_are_separated_by_commas(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_SERVER__ALLOWED_HOSTS", "a.example, b.example")
    assert load().settings.server.allowed_hosts == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gateway]\nprot = 1\n", "there is no setting gateway.prot. Did you mean gateway.port?"),
        ("[gateway\n", "is not valid TOML: Expected ']'"),
        ("[gateway]\nport = 70000\n", "The setting gateway.port is not valid"),
        ("gateway = 3\n", "there is no setting gateway."),
        ('home = "/elsewhere"\n', "there is no setting home."),
        ("host = '\xff'\n", "is not valid TOML"),
    ],
)
def test_an_invalid_file_is_a_one_line_error(home: Path, text: str, said: str) -> None:
    (home / "penstock.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(SetupError) as caught:
        load()
    sentence = caught.value.sentence()
    assert said in sentence
    assert "penstock.toml" in sentence
    assert "\n" not in sentence


def test_an_unreadable_file_is_a_one_line_error(home: Path) -> None:
    (home / "penstock.toml").mkdir()
    with pytest.raises(SetupError, match=r"penstock\.toml cannot be read: Is a directory"):
        load()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PENSTOCK_GATEWAY__PROT", "1", "no setting PENSTOCK_GATEWAY__PROT. Did you mean PENST"),
        ("PENSTOCK_NONSENSE", "1", "There is no setting PENSTOCK_NONSENSE. `penstock settings`"),
        ("PENSTOCK_GATEWAY__WORKERS", "many", "gateway.workers is not valid"),
        ("PENSTOCK_LOG_LEVEL", "loud", "log_level is not valid"),
    ],
)
def test_an_invalid_variable_is_a_one_line_error(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SetupError) as caught:
        load()
    assert said in caught.value.sentence()
    assert name in caught.value.sentence()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PENSTOCK_SERVICE_HOST", "10.0.0.1"),
        ("PENSTOCK_PORT", "tcp://10.0.0.1:4000"),
        ("PENSTOCK_PORT_4000_TCP_ADDR", "10.0.0.1"),
    ],
)
def test_variables_that_kubernetes_sets_for_a_service_are_ignored(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert load().origins == {"home": "PENSTOCK_HOME"}


def test_secrets_do_not_print(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_API_KEY", "sk-very-secret")
    settings = load().settings
    assert settings.api_key.get_secret_value() == "sk-very-secret"
    assert "sk-very-secret" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    "url", ["redis.example.org", "http://canary@host", "redis://", "redis://a b"]
)
def test_a_redis_url_that_names_no_server_is_refused_without_showing_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PENSTOCK_GATEWAY__REDIS_URL", url)
    with pytest.raises(SetupError) as caught:
        load()
    assert "gateway.redis_url" in caught.value.sentence()
    assert "canary" not in caught.value.sentence()


def test_the_password_in_a_redis_url_does_not_print(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_GATEWAY__REDIS_URL", "rediss://user:canary@host:6380/2")
    settings = load().settings
    assert settings.gateway.redis_url.get_secret_value().endswith("canary@host:6380/2")
    assert "canary" not in repr(settings) + settings.model_dump_json()


def test_every_setting_has_a_description() -> None:
    assert all(setting.description for setting in every_setting())
    variables = [setting.variable for setting in every_setting()]
    assert len(set(variables)) == len(variables)
