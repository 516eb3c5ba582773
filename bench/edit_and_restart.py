"""The baseline of a change in production: LiteLLM's proxy, whose configuration is edited and which
is restarted, with calls and streams on it. `tests/drills/test_label_moves.py` measures Penstock.

    make -C bench .env-litellm/.done && .venv/bin/python -m bench.edit_and_restart

A version is known by the number of tokens that the simulated provider returns: the configuration
adds its header.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.contenders import HERE, MASTER_KEY
from bench.process import free_port, pinned, started, wait_http

_TIMEOUT_S: Final = 30.0
_STREAMED_TOKENS_PER_S: Final = 12
_TOKENS: Final = 24  # of an answer, plus the number of the version


@dataclass
class Seen:
    """What callers saw: when calls with a version began, and how many failed."""

    began_s: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    streams: int = 0
    failed_calls: int = 0
    cut_streams: int = 0


def main(argv: list[str]) -> int:
    """Prints one line for each restart, and the sum."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=3, help="number of edits")
    parser.add_argument("--rate", type=float, default=20, help="calls per second")
    parser.add_argument("--streams", type=int, default=8, help="streams at once, of two seconds")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder, _sim(Path(folder)) as sim:
        proxy = _Proxy(Path(folder), sim)
        try:
            asyncio.run(_measure(proxy, options.moves, options.rate, options.streams))
        finally:
            proxy.stop()
    return 0


@contextmanager
def _sim(folder: Path) -> Generator[int, None, None]:
    port, log = free_port(), folder / "sim.log"
    command = [str(Path(sys.executable).with_name("penstock")), "sim", "--port", str(port)]
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))
    with started(command, cores=cores, log=log) as process:
        wait_http(f"http://127.0.0.1:{port}/healthz", process, log, patience_s=60)
        yield port


class _Proxy:
    """LiteLLM's proxy with one model, whose answers have as many tokens as the version says."""

    def __init__(self, folder: Path, sim: int) -> None:
        self._config, self._log = folder / "litellm.yaml", folder / "litellm.log"
        self._sim = sim
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def edit(self, version: int) -> None:
        """Writes the configuration of a version."""
        self._config.write_text(
            "model_list:\n"
            "  - model_name: answers\n"
            "    litellm_params:\n"
            "      model: openai/sim-small\n"
            f"      api_base: http://127.0.0.1:{self._sim}/v1\n"
            "      api_key: none\n"
            f'      extra_headers: {{"x-sim-tokens": "{_TOKENS + version}"}}\n'
            "litellm_settings:\n  telemetry: false\n"
            "general_settings:\n  master_key: os.environ/LITELLM_MASTER_KEY\n"
        )

    def start(self) -> None:
        """Starts it, and waits until it is ready."""
        bin_folder = HERE / ".env-litellm/bin"
        command = [str(bin_folder / "litellm"), "--config", str(self._config), "--host"]
        command += ["127.0.0.1", "--port", str(self.port), "--num_workers", "1"]
        env = {
            "LITELLM_MASTER_KEY": MASTER_KEY,
            "LITELLM_MODE": "PRODUCTION",
            "LITELLM_LOG": "ERROR",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "PATH": f"{bin_folder}:/usr/bin:/bin",
        }
        cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [*pinned(cores), *command],
                stdout=out,
                stderr=out,
                env=os.environ | env,
                start_new_session=True,
            )
        url = f"http://127.0.0.1:{self.port}/health/liveliness"
        wait_http(url, self._process, self._log, patience_s=300)

    def stop(self) -> None:
        """Stops it as a service manager does, and waits until it has ended."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(60)
        self._process = None


async def _measure(proxy: _Proxy, moves: int, rate: float, streams: int) -> None:
    seen = Seen()
    proxy.edit(1)
    await asyncio.to_thread(proxy.start)
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_pace(group, proxy.port, rate, seen, over.is_set))
        for _ in range(streams):
            group.create_task(_stream_on(proxy.port, seen, over.is_set))
        await asyncio.sleep(3)
        for version in range(2, moves + 2):
            await _move(proxy, version, seen)
        over.set()
    total = sum(map(len, seen.began_s.values()))
    print(
        f"{moves} edits with a restart: {total} calls answered, {seen.failed_calls} failed; "
        f"{seen.streams} streams whole, {seen.cut_streams} cut or refused"
    )


async def _move(proxy: _Proxy, version: int, seen: Seen) -> None:
    failed, edited_s = seen.failed_calls, time.monotonic()
    proxy.edit(version)
    await asyncio.to_thread(proxy.stop)
    await asyncio.to_thread(proxy.start)
    while not seen.began_s.get(version):
        await asyncio.sleep(0.05)
    served_s = min(seen.began_s[version]) - edited_s
    print(f"served after {served_s:.1f} s, {seen.failed_calls - failed} calls failed meanwhile")
    await asyncio.sleep(3)


async def _pace(
    group: asyncio.TaskGroup, port: int, rate: float, seen: Seen, is_over: Callable[[], bool]
) -> None:
    due_s = time.monotonic()
    while not is_over():
        group.create_task(_call(port, seen))
        due_s += 1 / rate
        await asyncio.sleep(due_s - time.monotonic())


async def _call(port: int, seen: Seen) -> None:
    began_s = time.monotonic()
    try:
        body = await _ask(port, stream=False)
        version = int(json.loads(body)["usage"]["completion_tokens"]) - _TOKENS
    except (OSError, ValueError, KeyError, EOFError, TimeoutError):
        seen.failed_calls += 1
        return
    seen.began_s.setdefault(version, []).append(began_s)


async def _stream_on(port: int, seen: Seen, is_over: Callable[[], bool]) -> None:
    while not is_over():
        try:
            whole = b"data: [DONE]" in await _ask(port, stream=True)
        except (OSError, EOFError, TimeoutError):
            whole = False
        seen.streams += whole
        seen.cut_streams += not whole
        if not whole:
            await asyncio.sleep(1)  # as a client that tries again


async def _ask(port: int, *, stream: bool) -> bytes:
    """Makes one call on a new connection. Returns what came after the headers."""
    pace = f"\nx-sim-tokens-per-second: {_STREAMED_TOKENS_PER_S}" if stream else ""
    messages = [{"role": "user", "content": f"hello{pace}"}]
    data = json.dumps({"model": "answers", "messages": messages, "stream": stream}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        f"authorization: Bearer {MASTER_KEY}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(data)}\r\n\r\n"
    )
    async with asyncio.timeout(_TIMEOUT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head.encode() + data)
            answer = await reader.read()
        finally:
            writer.close()
    status, _, rest = answer.partition(b" ")[2].partition(b"\r\n")
    if not status.startswith(b"200"):
        raise OSError(f"status {status!r}")
    return rest.partition(b"\r\n\r\n")[2]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
