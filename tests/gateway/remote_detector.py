"""A throw-away detector that asks an HTTP server: `slow_rewriter`, as a plugin of its own.

The server answers with findings for each text. It sleeps before it does, fails, or answers
nonsense, as the texts say.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

MODULE = """
import asyncio, json
from urllib.parse import urlsplit
from penstock.rules.guards.scanning import Finding


class Remote:
    def __init__(self, url):
        self.url = urlsplit(url)

    async def find(self, texts):
        reader, writer = await asyncio.open_connection(self.url.hostname, self.url.port)
        try:
            body = json.dumps(list(texts)).encode()
            head = f"POST / HTTP/1.1\\r\\nhost: x\\r\\ncontent-length: {len(body)}\\r\\n\\r\\n"
            writer.write(head.encode() + body)
            answer = (await reader.read()).partition(b"\\r\\n\\r\\n")[2]
        finally:
            writer.close()
        return [[Finding(*found) for found in each] for each in json.loads(answer)]


class Detector:
    def problem_of(self, options):
        return ""

    def scanner(self, options):
        return Remote(options["url"])


def create():
    return Detector()
"""
START = """
import runpy, sys
sys.path.insert(0, {path!r})
sys.argv = ["gateway", *sys.argv[1:]]
runpy.run_module("penstock.entrypoints.gateway", run_name="__main__")
"""


def install(folder: Path) -> tuple[str, ...]:
    """Installs the plugin into a folder. Returns the program of a worker that finds it there."""
    package = folder / "slow_rewriter-1.0.dist-info"
    package.mkdir(parents=True)
    (folder / "slow_rewriter.py").write_text(MODULE)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-rewriter\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        "[penstock.guards]\nslow_rewriter = slow_rewriter:create\n"
    )
    start = folder / "start.py"
    start.write_text(START.format(path=str(folder)))
    return (str(start),)


class Judge:
    """The server. `texts` has what it was asked, `open_at_once` how many requests at most."""

    def __init__(self) -> None:
        self.url = ""
        self.texts: list[str] = []
        self.open_now = self.open_at_once = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_now += 1
        self.open_at_once = max(self.open_at_once, self.open_now)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            texts: list[str] = json.loads(await reader.readexactly(length))
            self.texts += texts
            await asyncio.sleep(0.05 + 60 * any("sleep" in text for text in texts))
            body = json.dumps([self.found(text) for text in texts])
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + body.encode())
            await writer.drain()
        finally:
            self.open_now -= 1
            writer.close()

    def found(self, text: str) -> Sequence[Sequence[object]]:
        """Finds each `rude`, and in a text with `nonsense` a part that is not there."""
        if "nonsense" in text:
            return [[0, 10**6, "x"]]
        parts: list[list[object]] = []
        at = text.find("rude")
        while at >= 0:
            parts.append([at, at + 4, "tone", "polite"])
            at = text.find("rude", at + 4)
        return parts


@asynccontextmanager
async def judge() -> AsyncIterator[Judge]:
    """Listens on a free port of this machine."""
    running = Judge()
    server = await asyncio.start_server(running.connected, "127.0.0.1", 0)
    running.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield running
    finally:
        server.close()
