"""A web page in a real browser calls the gateway with a client token, and with nothing else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser

from installation import Installation
from penstock.sdk import ClientTokens

pytestmark = pytest.mark.e2e

CALL = """
async ([gateway, token, stream]) => {
  try {
    const answer = await fetch(`${gateway}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "sim-small", stream, max_tokens: 50,
        messages: [{ role: "user", content: "hello" }] }),
    });
    return { status: answer.status, text: await answer.text(),
      trace: answer.headers.get("x-penstock-trace-id") };
  } catch (error) {
    return { status: 0, text: String(error), trace: null };
  }
}
"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>application</title>")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - of the base class
        pass


@contextmanager
def web_page() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_page_calls_with_its_token_only(new_penstock: Installation, browser: Browser) -> None:
    new_penstock.wait_for(new_penstock.answers)
    makes = ClientTokens(new_penstock.gateway, new_penstock.gateway_key)
    with web_page() as origin, web_page() as other:
        token = makes.create("support", origins=[origin], usd=None).token
        elsewhere = makes.create("support", origins=[other], usd=None).token
        page = browser.new_page()
        page.goto(origin)
        whole = page.evaluate(CALL, [new_penstock.gateway, token, False])
        assert whole["status"] == 200, whole
        assert '"content"' in whole["text"]
        assert whole["trace"]
        streamed = page.evaluate(CALL, [new_penstock.gateway, token, True])
        assert streamed["text"].endswith("data: [DONE]\n\n")
        for secret in (elsewhere, new_penstock.gateway_key, "pct_forged.token"):
            refused = page.evaluate(CALL, [new_penstock.gateway, secret, False])
            assert (refused["status"], refused["trace"]) == (0, None), refused
        page.close()
