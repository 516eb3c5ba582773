"""Feedback in a real browser: a page of another site under a strict policy, and the inbox."""

import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from e2e.console import Console
from installation import Installation, wait_until

pytestmark = pytest.mark.e2e

QUESTION = {"model": "sim-small", "messages": [{"role": "user", "content": "Where is my order?"}]}
PAGE = """<!doctype html><title>Shop</title>
<p id="answer">Your order is on its way.</p><div id="feedback"></div>
<script src="{server}/feedback/v1/feedback.js" data-key="{key}" defer></script>
<script src="/page.js" defer></script>"""
SCRIPT = """
const token = new URLSearchParams(location.search).get("token");
const options = {categories: ["wrong", "slow"], thanks: "Thanks!", failed: "Not stored."};
PenstockFeedback.mount(document.getElementById("feedback"), token, options);
PenstockFeedback.watch(document.getElementById("answer"), token, {abandoned: true});
"""


class Shop(ThreadingHTTPServer):
    """A web site of its own origin, under a strict Content-Security-Policy."""

    server_url = ""
    key = ""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class ShopPages(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        is_script = self.path == "/page.js"
        page = PAGE.format(server=self.server.server_url, key=self.server.key)
        content = (SCRIPT if is_script else page).encode()
        url = self.server.server_url
        policy = f"default-src 'none'; script-src 'self' {url}; connect-src {url}"
        self.send_response(200)
        self.send_header("content-type", "text/javascript" if is_script else "text/html")
        self.send_header("content-security-policy", policy)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def shop(penstock: Installation) -> Iterator[Shop]:
    shop = Shop(("127.0.0.1", 0), ShopPages)
    shop.server_url = f"http://127.0.0.1:{penstock.server_port}"
    key = penstock.json("feedback", "add-key", "shop", "--origin", shop.origin)
    shop.key = key["key"]
    thread = threading.Thread(target=shop.serve_forever, daemon=True)
    thread.start()
    yield shop
    shop.shutdown()
    thread.join()
    shop.server_close()


def answered(penstock: Installation) -> tuple[str, str]:
    """Asks a question. Returns the trace id and the token of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", penstock.gateway_port, timeout=30)
    headers = {
        "authorization": f"Bearer {penstock.gateway_key}",
        "content-type": "application/json",
        "x-penstock-feedback": "3600",
        "x-penstock-use-case": "orders",
        "x-penstock-tags": "prompt_version=orders/status@2",
    }
    connection.request("POST", "/v1/chat/completions", json.dumps(QUESTION), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200
    token = answer.headers["x-penstock-answer-token"]
    return answer.headers["x-penstock-trace-id"], token


def stored(penstock: Installation, trace_id: str) -> dict[str, Any]:
    found = penstock.json("feedback", "list", "--limit", "500")
    return {each["name"]: each for each in found if each["trace_id"] == trace_id}


def test_a_page_under_a_strict_policy_sends_feedback(
    penstock: Installation, browser: Browser, shop: Shop
) -> None:
    trace_id, token = answered(penstock)
    page = browser.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{shop.origin}/?token={token}")
    page.get_by_role("button", name="Bad answer").click()
    expect(page.get_by_role("status")).to_have_text("Thanks!")
    expect(page.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="slow").click()
    page.get_by_label("Comment").fill("It was late.")
    page.get_by_role("button", name="Send").click()
    page.evaluate("document.getElementById('answer').dispatchEvent(new Event('copy'))")
    wait_until(lambda: len(stored(penstock, trace_id)) == 4, 15)
    found = stored(penstock, trace_id)
    assert (found["thumbs"]["value"], found["category"]["value"]) == (False, "slow")
    assert (found["comment"]["comment"], found["copied"]["value"]) == ("It was late.", True)
    wait_until(lambda: stored(penstock, trace_id)["thumbs"]["link"] == "found", 15)
    thumbs = stored(penstock, trace_id)["thumbs"]
    assert (thumbs["use_case"], thumbs["prompt_version"]) == ("orders", "orders/status@2")
    page.close()
    assert problems == []


def test_a_page_that_is_left_says_so(penstock: Installation, browser: Browser, shop: Shop) -> None:
    trace_id, token = answered(penstock)
    page = browser.new_page()
    page.goto(f"{shop.origin}/?token={token}")
    expect(page.get_by_role("button", name="Good answer")).to_be_visible()
    page.goto("about:blank")
    wait_until(lambda: "abandoned" in stored(penstock, trace_id), 15)
    page.close()


def test_feedback_is_handled_in_the_console(penstock: Installation, console: Console) -> None:
    trace_id, _ = answered(penstock)
    score = ("--trace", trace_id, "--kind", "feedback", "--source", "user")
    penstock.run("score", "add", "comment", "--comment", "No package yet", *score)
    penstock.run("score", "add", "thumbs", "false", *score)
    penstock.run("score", "add", "quality", "0.25", "--trace", trace_id)
    wait_until(lambda: stored(penstock, trace_id)["comment"]["link"] == "found", 15)
    console.go("Feedback")
    console.page.get_by_label("Search comments").fill("package")
    expect(console.page.get_by_role("row")).to_have_count(2)
    row = console.row("No package yet")
    expect(row).to_contain_text("orders/status@2")
    row.get_by_role("button", name="Assignee: nobody").click()
    console.page.get_by_role("menuitem", name="admin@").first.click()
    expect(row.get_by_role("button", name="Status: open")).to_be_visible()
    row.get_by_role("button", name="Status: open").click()
    console.page.get_by_role("menuitem", name="Resolved").click()
    expect(row.get_by_role("button", name="Status: resolved")).to_be_visible()
    console.page.get_by_role("radio", name="New", exact=True).click()
    expect(console.page.get_by_text("No matching feedback")).to_be_visible()
    console.button("Clear filters").click()
    console.row("No package yet").get_by_role("link", name="Open the trace").click()
    scores = console.page.get_by_role("table", name="Scores")
    expect(scores.get_by_role("row")).to_have_count(4)
    expect(scores).to_contain_text("0.25")


def test_a_page_with_a_wrong_token_says_that_nothing_was_stored(
    browser: Browser, shop: Shop
) -> None:
    page = browser.new_page()
    page.goto(f"{shop.origin}/?token=pat_x.y")
    page.get_by_role("button", name="Good answer").click()
    expect(page.get_by_role("status")).to_have_text("Not stored.")
    page.close()
