"""A real model server with Penstock in front of it, started once for all tests."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from installation import Installation
from tests.ports import free_port

ENVIRONMENT = Path(__file__).parents[2] / ".venv-real-model" / "bin"
MAKER = Path(__file__).with_name("tiny_llama.py")
MODEL = "penstock/tiny-llama"


@pytest.fixture(scope="session")
def model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of `transformers serve` with a new tiny Llama. Uses no network."""
    if not (ENVIRONMENT / "transformers").exists():
        pytest.fail("there is no .venv-real-model: run `make real-model`")
    folder = tmp_path_factory.mktemp("model")
    offline = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder),
        "HF_HUB_CACHE": str(folder / "hub"),
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "1",
    }
    make = [str(ENVIRONMENT / "python"), str(MAKER), str(folder / "hub")]
    subprocess.run(make, env=offline, check=True, timeout=120, capture_output=True)
    port = free_port()
    command = [str(ENVIRONMENT / "transformers"), "serve", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--device", "cpu"]
    with _running(command, offline, folder / "server.log") as process:
        _wait_for(f"http://127.0.0.1:{port}/health", process, folder / "server.log")
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


@dataclass(frozen=True)
class Penstock:
    """A running installation with the model server as provider `local`, and as `strict` without
    its vendor."""

    installation: Installation

    @property
    def base_url(self) -> str:
        return f"{self.installation.gateway}/v1"

    @property
    def key(self) -> str:
        return self.installation.key

    def spans(self, trace_id: str) -> list[dict[str, Any]]:
        """Waits for the stored spans of a trace and returns them."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                return self.installation.get(f"/api/v1/traces/{trace_id}")["spans"]
            except urllib.error.HTTPError as error:
                error.close()
                time.sleep(0.1)
        pytest.fail(f"the trace {trace_id} was not stored")


@pytest.fixture(scope="session")
def penstock(model_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Penstock]:
    installation = Installation(tmp_path_factory.mktemp("penstock") / "home")
    installation.start("--no-demo")
    try:
        for name, vendor in (("local", "transformers"), ("strict", "")):
            _add_provider(installation, name, model_server, vendor)
        both = {
            f"local/{MODEL}",
            f"strict/{MODEL}",
        }  # a model of two providers is listed with both names
        installation.wait_for(lambda: both <= _models(installation))
        yield Penstock(installation)
    finally:
        assert installation.stop() == 0


def _add_provider(installation: Installation, name: str, base_url: str, vendor: str) -> None:
    project = installation.get("/api/v1/projects")["items"][0]["id"]
    path = f"/api/v1/projects/{project}/providers"
    provider = {"name": name, "base_url": base_url, "vendor": vendor, "private_allowed": True}
    _post(installation, path, provider)
    test = _post(installation, f"{path}/{name}/test", {})
    assert test["ok"], test


def _post(installation: Installation, path: str, body: Any) -> Any:
    request = urllib.request.Request(installation.server + path, data=json.dumps(body).encode())
    request.add_header("authorization", f"Bearer {installation.key}")
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=15) as answer:
        return json.load(answer)


def _models(installation: Installation) -> set[str]:
    request = urllib.request.Request(f"{installation.gateway}/v1/models")
    request.add_header("authorization", f"Bearer {installation.key}")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return {model["id"] for model in json.load(answer)["data"]}
