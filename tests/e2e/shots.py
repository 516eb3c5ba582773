"""`python -m e2e.shots`: screenshots of every page after 10,000 calls, light, dark and narrow.

For visual review; nothing is compared. The calls go through a real gateway to the simulator.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from e2e.browser import launch
from e2e.console import Console, first_admin
from e2e.many_evaluations import DATASET, create_evaluations
from e2e.many_prompts import create_prompts
from installation import Installation

SHOTS = Path(__file__).with_name("shots")
LOOKS = {"light": (1440, 900, False), "dark": (1440, 900, True), "narrow": (420, 900, False)}
_KEYS = (
    (
        "checkout-service",
        "--team",
        "shop",
        "--model",
        "sim/sim-small",
        "--environment",
        "production",
    ),
    ("nightly-evals", "--team", "research", "--expires-in-days", "90"),
    ("support-bot", "--team", "support", "--use-case", "support-answers", "--model", "sim/*"),
    ("trial-partner", "--expires-in-days", "5", "--segment", "partners"),
)
_UNREACHABLE = (
    *("--base-url", "http://127.0.0.1:9/v1", "--private-allowed"),
    *("--model", "large", "--model", "small"),
)
_ROUTE = (
    *("--target", "sim/sim-small=6", "--target", "sim/sim-large=2", "--target", "down/large=2"),
    *("--fallback", "sim/sim-reasoner", "--fallback", "down/small"),
    *("--after", "context_length=sim/sim-transcribe", "--attempts", "4", "--total-timeout", "60"),
)
_LIMITS = (
    ("month of all teams", "--spend", "500", "--window", "month", "--unpriced", "admit"),
    ("each user", "--requests", "2000", "--window", "day", "--per", "user"),
    ("calls of the gateway", "--requests", "60000", "--window", "minute"),
)
_ITEMS = 500  # of the dataset with evaluation runs
_NIGHTLY = ("--cron", "0 6 * * 1-5", "--on", "prompt_label", "--use-case", "support/production")
_CHEAP = ("--target", "sim/sim-small", "--target", "down/small", "--strategy", "lowest_cost")


def fill(installation: Installation, calls: int) -> None:
    """Creates calls of several teams, keys, members and providers, so that no page is empty."""
    for options in _KEYS:
        installation.run("key", "create", *options)
    revoked = installation.json("key", "create", "old-prototype", "--team", "shop")
    installation.run("key", "revoke", revoked["key"]["id"])
    for name, role in (("ada", "admin"), ("bruno", "editor"), ("chen", "viewer")):
        email = f"{name}@example.org"
        made = installation.json("member", "invite", email, "--role", role)
        body = {"token": made["token"], "email": email, "password": "a long enough password"}
        installation.post("/api/v1/invitations/redeem", body)
    installation.run("member", "invite", "dana@example.org", "--role", "editor")
    installation.run("provider", "add", "down", *_UNREACHABLE)
    installation.run("route", "set", "support", *_ROUTE)
    installation.run("route", "set", "drafts", *_CHEAP)
    create_prompts(installation, 300)
    create_evaluations(installation, _ITEMS)
    installation.run("online", "set", "answer-length", "--evaluator", "length", "--share", "0.5")
    installation.run("dataset", "rule", "set", DATASET, "--share", "0.1")
    installation.run("eval", "schedule", "set", "nightly", DATASET, *_NIGHTLY)
    for limit in _LIMITS:
        installation.run("limit", "add", *limit)
    installation.run("demo", "--calls", "200", "--model", "support")
    installation.run("demo", "--calls", str(calls), "--at-once", "200")


def in_range(page: str) -> Callable[[Console], None]:
    """Opens a page with a time range that contains the calls."""

    def open_page(console: Console) -> None:
        console.open(f"/projects/{console.project_id}/{page}?range=15m")
        console.page.get_by_role("table").first.wait_for()

    return open_page


def page_of(name: str) -> Callable[[Console], None]:
    """Opens a page through the navigation."""
    return lambda console: console.go(name)


def newest_trace(tab: str) -> Callable[[Console], None]:
    """Opens the newest successful call at one of its tabs."""

    def open_trace(console: Console) -> None:
        [call] = console.installation.get(
            "/api/v1/traces?limit=1&status=ok&use_case=ticket-triage"
        )["items"]
        path = f"/projects/{console.project_id}/traces/{call['trace_id']}?tab={tab}"
        console.open(path)
        console.page.get_by_role("tab", name="Raw").wait_for()

    return open_trace


def trace_panel(console: Console) -> None:
    """Opens a trace in the side panel."""
    console.go("Traces")
    console.page.locator("[data-trace]").nth(3).click()
    console.page.get_by_role("complementary", name="Trace").get_by_role("tab").first.wait_for()


def dialog(page: str, button: str) -> Callable[[Console], None]:
    """Opens one of a page's dialogs."""

    def open_dialog(console: Console) -> None:
        console.go(page)
        console.button(button).click()
        console.dialog().get_by_role("button", name=re.compile("Create|Add")).first.wait_for()

    return open_dialog


def tested_provider(console: Console) -> None:
    """Opens the providers and tests one successfully."""
    console.go("Providers")
    console.button("Test sim").click()
    console.page.get_by_text("Connected in").wait_for()


def route(path: str) -> Callable[[Console], None]:
    """Opens a page of the route `support`."""

    def open_route(console: Console) -> None:
        console.open(f"/projects/{console.project_id}/routes/support{path}")
        console.page.get_by_role("region", name="First", exact=True).first.wait_for()

    return open_route


def limit(name: str) -> Callable[[Console], None]:
    """Opens the page of a limit."""

    def open_limit(console: Console) -> None:
        console.go("Limits")
        console.page.get_by_role("link", name=name, exact=True).click()
        console.heading(name).wait_for()

    return open_limit


def prompt(query: str, shown: str) -> Callable[[Console], None]:
    """Opens the prompt with many versions, and waits for a part of it."""

    def open_prompt(console: Console) -> None:
        found = console.installation.json("prompts", "show", "support/answer")
        prompt_id = found["prompt"]["id"]
        console.open(f"/projects/{console.project_id}/prompts/{prompt_id}{query}")
        console.page.get_by_label(shown, exact=True).first.wait_for()

    return open_prompt


def at(path: str) -> Callable[[Console], None]:
    """Opens a page of the project by its path."""

    def open_path(console: Console) -> None:
        console.open(f"/projects/{console.project_id}/{path}")
        console.page.get_by_role("heading", level=1).first.wait_for()

    return open_path


def newest_run(console: Console) -> None:
    """Opens the newest evaluation run."""
    project = f"/api/v1/projects/{console.project_id}"
    [run] = console.installation.get(f"{project}/evaluations?limit=1")["items"]
    at(f"evaluations/{run['id']}")(console)


def audited(console: Console) -> None:
    """Opens an audit event with before and after."""
    console.go("Audit")
    console.row("revoked key").get_by_role("button").click()


SCENES: dict[str, Callable[[Console], None]] = {
    "overview": in_range("overview"),
    "traces": in_range("traces"),
    "traces-panel": trace_panel,
    "trace": newest_trace("conversation"),
    "trace-raw": newest_trace("raw"),
    "trace-usage": newest_trace("usage"),
    "keys": page_of("Keys"),
    "keys-create": dialog("Keys", "Create key"),
    "providers": tested_provider,
    "providers-add": dialog("Providers", "Add provider"),
    "models": page_of("Models"),
    "prompts": page_of("Prompts"),
    "prompt": prompt("", "Message 1"),
    "prompt-changes": prompt("?tab=changes&version=15", "Differences"),
    "prompt-labels": prompt("?tab=labels", "Moves"),
    "prompt-comments": prompt("?tab=comments", "Comments"),
    "prompt-edit": prompt("/edit", "Message 1"),
    "routes": page_of("Routes"),
    "route": route(""),
    "route-edit": route("/edit"),
    "limits": page_of("Limits"),
    "limits-add": dialog("Limits", "Add limit"),
    "limit": limit("month of all teams"),
    "limit-counters": limit("each user"),
    "members": page_of("Members"),
    "members-invite": dialog("Members", "Invite"),
    "audit": audited,
    "datasets": page_of("Datasets"),
    "dataset": at(f"datasets/{DATASET}"),
    "dataset-rules": at("datasets?view=rules"),
    "dataset-rule": at(f"datasets/{DATASET}/_rule"),
    "dataset-import": at(f"datasets/{DATASET}/_import"),
    "evaluations": page_of("Evaluations"),
    "evaluations-start": at(f"evaluations/_new?dataset={DATASET}"),
    "evaluation": newest_run,
    "evaluations-targets": at(f"evaluations?view=targets&dataset={DATASET}"),
    "online": at("evaluations?view=online"),
    "online-one": at("evaluations/_online/answer-length"),
    "online-edit": at("evaluations/_online/answer-length/edit"),
    "schedules": at("evaluations?view=schedules"),
    "schedule": at("evaluations/_schedules/nightly"),
    "schedule-add": at("evaluations/_schedules/_new"),
    "schedule-edit": at("evaluations/_schedules/nightly/edit"),
    "annotation": page_of("Annotation"),
}


def shoot(browser: Browser, installation: Installation, look: str) -> None:
    """Takes screenshots of all scenes in one look."""
    width, height, dark = LOOKS[look]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    console = Console(context.new_page(), installation)
    console.open("/sign-in")
    console.page.screenshot(path=SHOTS / f"sign-in-{look}.png")
    made = installation.json("member", "invite", "erin@example.org")
    console.open(made["link"].removeprefix(installation.server))
    console.button("Create account and join").wait_for()
    console.page.screenshot(path=SHOTS / f"invitation-{look}.png")
    console.sign_in(first_admin(installation))
    for name, scene in SCENES.items():
        scene(console)
        console.page.wait_for_load_state("networkidle")
        console.page.wait_for_timeout(500)  # charts render after their data has arrived
        console.page.screenshot(path=SHOTS / f"{name}-{look}.png")
        if console.dialog().is_visible():
            console.page.keyboard.press("Escape")
    for problem in console.watch.problems:
        print(f"{look}: {problem}")
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="e2e.shots", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="number of calls to create")
    parser.add_argument("--look", action="append", choices=list(LOOKS), help="default: all")
    wanted = parser.parse_args()
    SHOTS.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        installation = Installation(Path(folder) / "home")
        installation.start("--workers", "1")
        browser = launch(playwright)
        try:
            fill(installation, wanted.calls)
            for look in wanted.look or LOOKS:
                shoot(browser, installation, look)
        finally:
            browser.close()
            installation.kill()
    print(f"{len(list(SHOTS.glob('*.png')))} screenshots in {SHOTS}")


if __name__ == "__main__":
    main()
