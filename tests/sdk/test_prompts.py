"""The SDK against a real server: cache, renewal, fallback, forks, event loops, a dead server."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from penstock.kernel.errors import InvalidRequest, NotFound, UpstreamFailed, UpstreamTimeout
from penstock.sdk import Penstock
from tests.server.running import SOURCES, Server, running

LONG_S = 60.0  # a wait that ends earlier in every test
NAME = "support/hello"
CONTENT = {
    "kind": "text",
    "text": "Hi {{ name }}",
    "variables": {"name": {}},
    "parameters": {"temperature": 0},
}


class TestClock:
    """A monotonic clock that tests set."""

    __test__ = False

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("sdk") / "home") as server:
        save(server, CONTENT)
        yield server


def save(server: Server, content: dict[str, object]) -> int:
    """Saves the next version, and moves `production` to it."""
    base = f"/api/v1/projects/{server.project_id()}/prompts"
    found = server.call("GET", f"/api/v1/prompts/resolve?name={NAME}&version=latest", server.root)
    if found.status == 404:
        body: dict[str, object] = {"name": NAME, "content": content}
        saved = server.call("POST", base, server.root, body).json()
        seen = 0
    else:
        before = found.json()
        body = {"content": content, "parent": before["version"]["digest"]}
        path = f"{base}/{before['prompt']['id']}"
        saved = server.call("POST", f"{path}/versions", server.root, body).json()
        seen = before["prompt"]["labels"]["production"]
    number = saved["version"]["number"]
    path = f"{base}/{saved['prompt']['id']}/labels/production"
    assert server.call("PUT", path, server.root, {"version": number, "seen": seen}).status == 200
    return number


def client(url: str, key: str = "pk_x", **options: float | TestClock) -> Penstock:
    return Penstock(url, key, **({"timeout_s": LONG_S} | options))  # pyright: ignore[reportArgumentType] - options of a test's choice


def of(server: Server, **options: float | TestClock) -> Penstock:
    return client(f"http://127.0.0.1:{server.port}", server.bootstrap["api_key"], **options)


@contextmanager
def silent_server() -> Iterator[str]:
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def wait_for_renewal(penstock: Penstock, number: int) -> None:
    waiting = threading.Event()
    for _ in range(2000):
        if penstock.get_prompt(NAME).number == number:
            return
        waiting.wait(0.02)
    raise AssertionError("the prompt was not renewed")


def test_a_prompt_is_fetched_and_rendered(server: Server) -> None:
    prompt = of(server).get_prompt(NAME)
    assert prompt.render(name="Ann").text == "Hi Ann"
    assert (prompt.is_fallback, prompt.parameters) == (False, {"temperature": 0})
    with pytest.raises(InvalidRequest) as caught:
        prompt.render(nam="Ann")
    assert caught.value.code == "variable_unknown"
    assert of(server).get_prompt(NAME, version=prompt.digest).digest == prompt.digest


def test_an_old_prompt_is_returned_at_once_and_renewed_behind_it(server: Server) -> None:
    clock = TestClock()
    penstock = of(server, ttl_s=60, monotonic=clock)
    first = penstock.get_prompt(NAME).number
    second = save(server, CONTENT | {"text": f"Hello {first} {{{{ name }}}}"})
    assert penstock.get_prompt(NAME).number == first
    clock.now += 61
    assert penstock.get_prompt(NAME).number in {first, second}
    wait_for_renewal(penstock, second)


def test_without_the_server_the_cached_prompt_then_the_fallback_is_used(
    tmp_path: Path,
) -> None:
    clock = TestClock()
    with running(tmp_path / "home") as server:
        number = save(server, CONTENT)
        penstock = of(server, monotonic=clock)
        assert penstock.get_prompt(NAME).number == number
    clock.now += 3600
    for _ in range(3):
        assert penstock.get_prompt(NAME).number == number
        clock.now += 3600
    other = penstock.get_prompt("other", fallback="Hello {{ name }}")
    assert other.is_fallback
    assert other.render(name="Ann", unused=[1]).text == "Hello Ann"
    with pytest.raises(UpstreamFailed):
        penstock.get_prompt("other")


def test_a_server_that_never_answers_costs_the_limit_and_no_more() -> None:
    with silent_server() as url:
        penstock = client(url, timeout_s=0.01)
        assert penstock.get_prompt(NAME, fallback="x").is_fallback
        assert asyncio.run(penstock.get_prompt_async(NAME, fallback="x")).is_fallback
        with pytest.raises(UpstreamTimeout) as caught:
            penstock.get_prompt(NAME)
        assert "fallback" in caught.value.hint


def test_a_failing_server_is_not_asked_at_every_call() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    clock = TestClock()
    penstock = client(f"http://127.0.0.1:{port}", monotonic=clock)
    assert penstock.get_prompt(NAME, fallback="x").is_fallback
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.setblocking(False)
        assert penstock.get_prompt(NAME, fallback="x").is_fallback
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_wrong_keys_and_unknown_prompts_are_errors_or_fallbacks(server: Server) -> None:
    with pytest.raises(NotFound):
        of(server).get_prompt("nothing")
    assert of(server).get_prompt("nothing", fallback="x").render().text == "x"
    wrong = client(f"http://127.0.0.1:{server.port}", "pk_wrong")
    assert wrong.get_prompt(NAME, fallback="x").is_fallback


def test_a_fallback_may_be_a_chat() -> None:
    with silent_server() as url:
        fallback = [{"role": "system", "content": "{{ a }}"}, {"placeholder": "history"}]
        prompt = client(url, timeout_s=0.0).get_prompt(NAME, fallback=fallback)
        history = [{"role": "user", "content": "?"}]
        assert prompt.render(a=1, history=history).messages == [
            {"role": "system", "content": "1"},
            *history,
        ]


async def test_an_event_loop_goes_on_while_it_waits(server: Server) -> None:
    penstock = of(server)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    prompts = await asyncio.gather(*(penstock.get_prompt_async(NAME) for _ in range(20)))
    counting.cancel()
    assert {prompt.digest for prompt in prompts} == {prompts[0].digest}
    assert turns > 1


def test_many_threads_share_one_request() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.settimeout(LONG_S)
        penstock = client(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=0.2)
        threads = [
            threading.Thread(target=penstock.get_prompt, args=(NAME,), kwargs={"fallback": "x"})
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        listener.accept()[0].close()
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


FORKING = """
import json, os, sys, threading
from penstock.sdk import Penstock
url, key, name = sys.argv[1:]
penstock = Penstock(url, key, timeout_s=60)
before = penstock.get_prompt(name).number
silent = Penstock("http://127.0.0.1:" + os.environ["SILENT"], key, timeout_s=0.01)
silent.get_prompt(name, fallback="x")  # a request is under way, and its thread stays here
held = threading.Lock()
penstock._lock.acquire()  # as another thread would hold it at the moment of the fork
read, write = os.pipe()
if os.fork() == 0:
    cached = penstock.get_prompt(name).number
    fresh = penstock.get_prompt(name, version=1).number
    lost = silent.get_prompt(name, fallback="x").is_fallback
    os.write(write, json.dumps([cached, fresh, lost]).encode())
    os._exit(0)
os.wait()
penstock._lock.release()
print(json.dumps([before, *json.loads(os.read(read, 1000))]))
"""


def test_a_forked_process_has_the_cache_and_fetches_by_itself(server: Server) -> None:
    with silent_server() as url:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                FORKING,
                f"http://127.0.0.1:{server.port}",
                server.bootstrap["api_key"],
                NAME,
            ],
            env={"PYTHONPATH": str(SOURCES), "SILENT": url.rpartition(":")[2]},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    before, cached, fresh, lost = json.loads(done.stdout)
    assert (cached, fresh, lost) == (before, 1, True)


def test_it_imports_no_library_of_the_server() -> None:
    heavy = (
        "penstock.infra",
        "penstock.spi",
        "sqlalchemy",
        "fastapi",
        "pydantic",
        "chdb",
        "cryptography",
        "typer",
        "rich",
        "yaml",
        "httptools",
        "uvloop",
    )
    code = f"import sys, penstock.sdk; print([m for m in sys.modules if m.startswith({heavy})])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
