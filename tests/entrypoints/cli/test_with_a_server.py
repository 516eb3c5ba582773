"""Each command group against a running installation."""

import hashlib
import json
import select
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from installation import PENSTOCK, Installation, wait_until

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("cli") / "home")
    it.start()
    yield it
    it.kill()


def simulator_url(installation: Installation) -> str:
    found = {one["name"]: one for one in installation.json("provider", "list")}
    return str(found["sim"]["base_url"])


def test_a_provider_is_added_tested_called_and_removed(installation: Installation) -> None:
    url = simulator_url(installation)
    refused = installation.run("provider", "add", "mine", "--base-url", url, code=1)
    assert "is a private address. If this is intended, add --private-allowed" in refused
    assert "private_allowed" not in refused
    added = installation.json("provider", "add", "mine", "--base-url", url, "--private-allowed")
    assert added["provider"]["name"] == "mine"
    assert added["test"]["ok"] is True
    assert "mine" in installation.run("provider", "list")
    assert "Test passed: " in installation.run("provider", "test", "mine")
    wait_until(lambda: _answered(installation, "mine/sim-small"))
    assert installation.json("provider", "remove", "mine") == {"removed": "mine"}
    assert "provider" in installation.run("provider", "test", "mine", code=4)


def test_a_known_vendor_needs_no_base_url_and_sets_its_quirks(installation: Installation) -> None:
    known = {one["name"]: one for one in installation.json("provider", "vendors")}
    assert known["groq"]["api_key_env"] == "GROQ_API_KEY"
    added = installation.json("provider", "add", "llama.cpp", "--private-allowed")["provider"]
    assert added["base_url"] == known["llama.cpp"]["base_url"]
    arguments = ("--vendor", "transformers", "--quirk", "terminator=done", "--private-allowed")
    added = installation.json("provider", "add", "tiny", *arguments)["provider"]
    assert added["quirks"] == {"stream_usage": "no", "terminator": "done"}
    refused = installation.run("provider", "add", "odd", "--quirk", "terminator", code=2)
    assert "NAME=VALUE" in refused
    assert "base URL" in installation.run("provider", "add", "unknown-vendor", code=1)
    for name in ("llama.cpp", "tiny"):
        installation.run("provider", "remove", name)


def test_a_shortlist_ranks_and_says_why(installation: Installation) -> None:
    # sim-small costs 0.15 and 0.6 dollars per million tokens: 0.00015 + 0.00018 for 1000/300.
    budget = ("--max-cost", "0.001", "--tokens", "1000/300", "--search", "sim-small")
    shown = installation.run("model", "shortlist", *budget, "--needs", "vision,tools")
    assert "sim/sim-small" in shown
    assert "$0.00033" in shown
    assert "tools: not known" in shown
    arguments = ("--self-hosted", "--prefer", "max-cost=0.0001", "--prefer", "needs=tools")
    found = installation.json("model", "shortlist", *budget, *arguments)
    (one,) = found["ranked"]
    assert [each["result"] for each in one["findings"]] == ["met", "met"]
    assert [each["result"] for each in one["preferences"]] == ["unmet", "unknown"]
    dear = installation.run("model", "shortlist", *budget, "--max-cost", "0.0003")
    assert "costs $0.00033 a call" in dear.replace("\n", " ")
    certain = installation.json("model", "shortlist", *budget, "--region", "eu", "--certain")
    assert (certain["ranked_count"], certain["excluded_count"]) == (0, 1)
    for wrong in (
        ("--tokens", "1000"),
        ("--prefer", "speed=1"),
        ("--min-score", "helpful"),
    ):
        assert "is not valid: write" in installation.run("model", "shortlist", *wrong, code=2)
    assert "needs" in installation.run("model", "shortlist", "--needs", "telepathy", code=1)


def test_an_invalid_field_is_named_without_its_place_in_http(installation: Installation) -> None:
    wanted = ("annotation", "add", "queue", "--score", "helpful", "--question", "Is it helpful?")
    refused = installation.run(*wanted, "--annotator", "x" * 300, code=1)
    assert "annotators.0: " in refused
    assert "body." not in refused


def test_models_are_listed_and_facts_imported(installation: Installation) -> None:
    names = {one["id"] for one in installation.json("model", "list", "--provider", "sim")}
    assert {"sim-small", "sim-large"} <= names
    assert "in 0.15, out 0.6" in installation.run("model", "list", "--search", "sim-small")
    file = installation.home.parent / "acme.toml"
    file.write_text("vendor = 'acme'\n[[models]]\nnames = ['A']\nsources = []\n")
    refused = installation.run("model", "import", str(file), code=1)
    assert "row 1 (A): the name 'A'" in refused
    assert "Nothing was changed." in refused
    assert installation.json("model", "imports") == []
    file.write_text("vendor = 'acme'\n")
    (done,) = installation.json("model", "import", str(file))
    assert (done["kind"], done["vendor"], done["row_count"]) == ("facts", "acme", 0)
    assert "acme" in installation.run("model", "imports")
    assert installation.json("model", "reset", "facts", "acme") == {"removed": "facts/acme"}
    assert "cannot be read" in installation.run("model", "import", "no-such-file", code=2)


def test_a_route_is_set_listed_shown_called_and_removed(installation: Installation) -> None:
    arguments = ("--target", "sim/sim-small=3", "--fallback", "sim/sim-large")
    added = installation.json("route", "set", "support", *arguments)
    assert (added["version"], len(added["targets"])) == (1, 2)
    assert "sim/sim-small=3, sim/sim-large (fallback 1)" in installation.run("route", "list")
    wait_until(lambda: _answered(installation, "support"))
    cause = ("--after", "context_length=sim/sim-large", "--strategy", "sticky")
    changed = installation.json("route", "set", "support", "--target", "sim/sim-small", *cause)
    assert (changed["version"], changed["strategy"]) == (2, "sticky")
    assert "after context_length" in installation.run("route", "show", "support")
    assert "Did you mean" in installation.run(
        "route", "set", "x", "--target", "sim/sim-smal", code=1
    )
    assert "PROVIDER/MODEL" in installation.run("route", "set", "x", "--target", "sim", code=2)
    targets = ("--target", "sim/sim-small", "--fallback", "sim/sim-large")
    german = (*targets, "--when", "sim/sim-small=language:de", "--when", "sim/sim-small=tag.a:b,c")
    installation.run("route", "set", "support", *german)
    shown = installation.run("route", "show", "support")
    assert "sim/sim-small (when language:de tag.a:b,c)" in shown
    assert "sim/sim-small" in installation.run("explain", "support")
    assert "such as language:de" in installation.run(
        "route", "set", "support", *targets, "--when", "sim/sim-small=german", code=2
    )
    assert installation.json("route", "remove", "support") == {"removed": "support"}
    assert "route" in installation.run("route", "show", "support", code=4)


def test_a_litellm_configuration_is_imported(installation: Installation) -> None:
    server = f"openai/sim-small, api_base: {simulator_url(installation)}, api_key: none"
    file = installation.home.parent / "litellm.yaml"
    file.write_text(
        "model_list:\n"
        f"- {{model_name: chat, litellm_params: {{model: {server}}}}}\n"
        f"- {{model_name: backup, litellm_params: {{model: {server.replace('small', 'large')}}}}}\n"
        "router_settings: {fallbacks: [{chat: [backup]}], cooldown_time: 5}\n"
    )
    planned = installation.run("import", "litellm", str(file), "--dry-run")
    assert "planned" in planned
    assert installation.json("route", "list") == []
    assert "--private-allowed" in installation.run("import", "litellm", str(file), code=1)
    done = installation.json("import", "litellm", str(file), "--private-allowed")
    assert [each["result"] for each in done["created"]] == ["created"] * 3
    assert "circuit breaker" in done["left_out"][0]["reason"]
    wait_until(lambda: _answered(installation, "chat"))
    again = installation.json("import", "litellm", str(file), "--private-allowed")
    _import_a_key(installation, file)
    assert [each["result"] for each in again["created"]] == ["kept: it exists", *["unchanged"] * 2]
    file.write_text("model_list: [")
    assert "cannot be read" in installation.run("import", "litellm", str(file), code=2)
    for name in ("chat", "backup"):
        installation.run("route", "remove", name)
    installation.run("provider", "remove", "custom")


def _import_a_key(installation: Installation, file: Path) -> None:
    """A key of LiteLLM works with its old secret, and its hash opens nothing."""
    secret = "sk-of-litellm-0123456789"
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    row = {"token": hashed, "key_alias": "old", "models": ["chat"], "rpm_limit": 1000}
    export = file.with_name("keys.json")
    export.write_text(json.dumps([row]))
    arguments = ("import", "litellm", str(file), "--private-allowed", "--keys", str(export))
    assert installation.json(*arguments)["created"][-1]["result"] == "created"
    assert installation.json(*arguments)["created"][-1]["result"] == "kept: it exists"
    assert [each["name"] for each in installation.json("limit", "list")] == ["old: requests"]
    wait_until(lambda: _status(installation, secret) == 200)
    assert _status(installation, hashed) == 401
    assert _status(installation, secret, model="backup") == 403
    installation.run("limit", "remove", "old: requests")


def _status(installation: Installation, key: str, model: str = "chat") -> int:
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    url = f"{installation.gateway}/v1/chat/completions"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_price_is_added_listed_and_removed(installation: Installation) -> None:
    before = installation.json("price", "list")
    arguments = ("--input", "0.07", "--output", "0.21", "--unit", "cache_read_tokens=0.01")
    added = installation.json("price", "add", "llama-*", *arguments, "--per-request", "0.001")
    found = {one["unit"]: (float(one["price"]), one["per"]) for one in added["prices"]}
    assert found == {
        "input_tokens": (0.07, 1_000_000),
        "output_tokens": (0.21, 1_000_000),
        "cache_read_tokens": (0.01, 1_000_000),
        "requests": (0.001, 1),
    }
    assert installation.json("price", "list") == [*before, added]
    assert "llama-*" in installation.run("price", "list")
    assert "UNIT=USD" in installation.run("price", "add", "x", "--unit", "input_tokens", code=2)
    assert installation.json("price", "remove", added["id"]) == {"removed": added["id"]}
    assert installation.json("price", "list") == before


def _answered(installation: Installation, model: str) -> bool:
    try:
        return bool(installation.chat(model=model)["choices"])
    except OSError:
        return False


def test_a_provider_gets_a_further_credential_from_a_file(
    installation: Installation, tmp_path: Path
) -> None:
    key = tmp_path / "key.txt"
    key.write_text("sk-0123456789-abcd\n")
    added = installation.json("provider", "add", "keyed", "--vendor", "groq")
    assert added["provider"]["api_key_hint"] == ""
    of = ("provider", "credential")
    added = installation.json(*of, "add", "keyed", "second", "--api-key-file", str(key))
    assert (added["name"], added["api_key_hint"]) == ("second", "…abcd")
    assert "second" in installation.run(*of, "list", "keyed")
    assert installation.json(*of, "remove", "keyed", "second") == {"removed": "second"}
    assert installation.json(*of, "list", "keyed") == []
    assert "--api-key-file" in installation.run(*of, "add", "keyed", "third", code=2)
    missing = installation.run(*of, "add", "keyed", "third", "--api-key-file", "/none", code=2)
    assert "cannot be read" in missing
    installation.run("provider", "remove", "keyed")


def test_a_provider_key_variable_must_be_set(installation: Installation) -> None:
    arguments = (
        "provider",
        "add",
        "x",
        "--base-url",
        "https://x.example",
        "--api-key-env",
        "NO_KEY",
    )
    assert installation.run(*arguments, code=2) == (
        "penstock: The environment variable NO_KEY is not set. export NO_KEY=…\n"
    )


def test_a_key_is_created_rotated_and_revoked(installation: Installation) -> None:
    attribution = ("--team", "shop", "--tag", "env=test", "--tag", "run=a=b")
    created = installation.json("key", "create", "app", "--model", "sim/*", *attribution)
    assert created["key"]["tags"] == {"env": "test", "run": "a=b"}
    assert installation.json("traces", "list", "--tag", "env:test") == []
    key_id = created["key"]["id"]
    assert created["key"]["attributes"]["team"] == "shop"
    assert created["secret"] not in installation.run("key", "list")
    assert key_id in installation.run("key", "list")
    rotated = installation.json("key", "rotate", key_id, "--overlap-hours", "0.5")
    assert rotated["secret"] != created["secret"]
    revoked = installation.json("key", "revoke", key_id)
    assert revoked["revoked_at"] is not None
    assert "key" in installation.run("key", "revoke", "key_unknown", code=4)
    assert installation.run("key", "show").strip() == installation.gateway_key
    assert installation.run("key", "show", "--admin").strip() == installation.key


def test_a_key_without_the_permission_is_exit_code_three(installation: Installation) -> None:
    viewer = installation.json("key", "create", "viewer", "--role", "viewer")["secret"]
    for secret in (viewer, installation.gateway_key):
        done = subprocess.run(
            [str(PENSTOCK), "key", "create", "another"],
            env=installation.environment | {"PENSTOCK_API_KEY": secret},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 3, done.stderr
        assert done.stderr.count("\n") == 1
    assert "only call models" in done.stderr


def test_members_are_invited_changed_and_removed(installation: Installation) -> None:
    created = installation.json("member", "invite", "ada@example.org", "--role", "editor")
    assert created["link"].startswith(f"{installation.server}/invitation#")
    assert created["invitation"]["state"] == "pending"
    installation.post(
        "/api/v1/invitations/redeem",
        {
            "token": created["token"],
            "email": "ada@example.org",
            "password": "a long enough password",
        },
    )
    assert "redeemed" in installation.run("member", "invitations")
    changed = installation.json("member", "role", "ada@example.org", "admin")
    assert changed["role"] == "admin"
    assert "ada@example.org" in installation.run("member", "list")
    assert installation.json("member", "password", "ada@example.org")["password"]
    installation.run("member", "remove", "ada@example.org")
    assert "ada@example.org" not in installation.run("member", "list")
    assert "is not a member" in installation.run("member", "remove", "bob@example.org", code=4)


def test_an_invitation_is_printed_once_and_revoked(installation: Installation) -> None:
    shown = installation.run("member", "invite", "bob@example.org")
    assert f"{installation.server}/invitation#inv_" in shown
    listed = installation.json("member", "invitations")
    bob = next(each for each in listed if each["email"] == "bob@example.org")
    assert installation.json("member", "revoke", bob["id"]) == {"revoked": bob["id"]}
    assert "revoked" in installation.run("member", "revoke", bob["id"], code=1)


def test_projects_are_created_and_changed(installation: Installation) -> None:
    created = installation.json("project", "create", "second")
    assert created["name"] == "second"
    changed = installation.json(
        "project", "change", "--project", created["id"], "--on-spool-full", "serve"
    )
    assert changed["on_spool_full"] == "serve"
    assert {"default", "second"} <= {one["name"] for one in installation.json("project", "list")}


def test_the_audit_log_is_listed_verified_and_exported(installation: Installation) -> None:
    installation.run("key", "create", "audited")
    newest = installation.json("audit", "list", "--limit", "1")[0]
    assert newest["action"] == "key.create"
    report = installation.json("audit", "verify")
    assert report["ok"] is True
    assert "events, unmodified" in installation.run("audit", "verify")
    lines = installation.run("audit", "export").splitlines()
    assert json.loads(lines[-1])["hash"] == newest["hash"]
    assert "instance" in installation.run("audit", "verify")


def test_a_tampered_log_is_exit_code_one(installation: Installation, tmp_path: Path) -> None:
    other = Installation(tmp_path / "home")
    other.start("--no-demo")
    other.stop()
    heads = other.home / "audit.heads"
    heads.write_text(heads.read_text().replace("1", "2"))
    other.start("--no-demo")
    try:
        assert "MODIFIED" in other.run("audit", "verify", code=1)
    finally:
        other.kill()


def test_the_demo_makes_traffic_that_is_recorded(installation: Installation) -> None:
    outcomes = installation.json("demo", "--calls", "30", "--seed", "16")
    assert sum(outcomes.values()) == 30
    assert outcomes["answered"] > 20
    assert outcomes["failed (404)"] > 0
    wait_until(lambda: len(installation.json("traces", "list", "--limit", "100")) >= 30)
    teams = {call["team"] for call in installation.json("traces", "list", "--team", "support")}
    assert teams == {"support"}


def test_the_tail_shows_a_call_as_it_arrives(installation: Installation) -> None:
    command = [str(PENSTOCK), "traces", "tail", "--last", "0", "--json"]
    with subprocess.Popen(
        command, env=installation.environment, stdout=subprocess.PIPE, text=True
    ) as tail:
        assert tail.stdout is not None
        try:
            # It shows calls from its start on, which it does not announce: call until it shows one.
            wait_until(lambda: _shows_a_call(installation, tail.stdout), seconds=60)
            shown = json.loads(tail.stdout.readline())
        finally:
            tail.kill()
    assert shown["input"]


def _shows_a_call(installation: Installation, output: IO[str] | None) -> bool:
    installation.chat("Hello again!")
    return bool(select.select([output], [], [], 2)[0])


def test_a_backup_is_restored_into_an_empty_home(
    installation: Installation, tmp_path: Path
) -> None:
    written = installation.json("backup")
    home = tmp_path / "restored"
    restored = json.loads(
        installation.run("restore", written["path"], "--home", str(home), "--json")
    )
    assert restored["rows"] == written["rows"]
    again = installation.run("restore", written["path"], "--home", str(home), code=2)
    assert "is not empty" in again


def test_the_admin_is_reset_while_the_installation_is_stopped(tmp_path: Path) -> None:
    it = Installation(tmp_path / "home")
    it.start("--no-demo")
    before, calling = it.key, it.gateway_key
    try:
        assert "is in use by process" in it.run("admin", "reset", code=2)
        assert it.stop() == 0
        reset = it.json("admin", "reset")
        assert reset["api_key"] == it.key != before
        assert reset["gateway_key"] == it.gateway_key == calling
        it.start("--no-demo")
        assert it.json("key", "list")
    finally:
        it.kill()


def test_commands_find_the_installation_of_their_home_whatever_its_ports(
    tmp_path: Path,
) -> None:
    it = Installation(tmp_path / "home")
    it.start("--gateway-port", str(it.gateway_port), "--server-port", str(it.server_port))
    ports = ("PENSTOCK_GATEWAY__PORT", "PENSTOCK_SERVER__PORT")
    elsewhere = {name: value for name, value in it.environment.items() if name not in ports}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(PENSTOCK), *arguments],
            env=elsewhere,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    try:
        listed = run("provider", "list")
        assert listed.returncode == 0, listed.stderr
        assert "sim" in listed.stdout
        demo = run("demo", "--calls", "2")
        assert demo.returncode == 0, demo.stderr
        assert f"Open the console: {it.server}" in demo.stdout
    finally:
        it.stop()
    stopped = run("provider", "list")
    assert stopped.returncode == 5
    assert "The server at http://127.0.0.1:4001 does not answer." in stopped.stderr


def test_whatever_works_by_itself_is_paused_and_resumed_by_the_same_commands(
    installation: Installation,
) -> None:
    installation.run("dataset", "create", "switched")
    installation.run("annotation", "add", "switched", "--score", "good", "--question", "Good?")
    measured = ("--evaluator", "length")
    recorded = ("switched", "--cron", "0 6 * * *", "--output-field", "output")
    groups = {
        ("online",): measured,
        ("eval", "schedule"): (*recorded, *measured),
        ("dataset", "rule"): (),
        ("annotation", "rule"): ("--dataset", "switched"),
    }
    for group, options in groups.items():
        installation.run(*group, "set", "switched", *options)
        states = [installation.json(*group, command, "switched") for command in ("pause", "resume")]
        works = [each.get("enabled", not each.get("paused")) for each in states]
        assert works == [False, True], group
        installation.run(*group, "remove", "switched")
