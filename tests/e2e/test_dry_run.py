"""Dry runs in the console: a route, a limit and a guardrail policy are explained."""

import pytest
from playwright.sync_api import expect

from e2e.console import Console
from installation import wait_until

pytestmark = pytest.mark.e2e


def test_a_request_is_explained_and_not_sent(console: Console) -> None:
    run = console.installation.run
    run("route", "set", "explained", "--target", "sim/sim-small", "--fallback", "sim/sim-large")
    scope = ("--only", "use_case=explained", "--per", "team")
    run("limit", "add", "explained", "--tokens", "10", "--window", "month", *scope)
    only = ("--only", "use_case=explained")
    run("guardrail", "set", "explained", "--check", "card_numbers:input:flag", *only)

    def known() -> bool:
        found = console.installation.json(
            "explain", "explained", "--attribute", "use_case=explained"
        )
        return bool(found["route"] and found["limits"] and found["guardrails"])

    wait_until(known, 10)
    console.go("Dry run")
    console.page.get_by_label("Model or route").fill("explained")
    card = '{"messages": [{"role": "user", "content": "4111 1111 1111 1111"}]}'
    console.page.get_by_label("Body").fill(card)
    console.page.get_by_text("Attributes and headers").click()
    console.button("Add condition").click()
    console.page.get_by_label("Dimension").select_option("use_case")
    console.page.get_by_label("Value").fill("explained")
    console.button("Explain").click()
    found = console.page.get_by_role("region", name="Explanation")
    expect(found.get_by_text("It would be rejected by a limit")).to_be_visible()
    targets = found.get_by_role("table", name="Targets").get_by_role("row")
    expect(targets.nth(1)).to_contain_text("sim-small")
    expect(targets.nth(2)).to_contain_text("sim-large")
    expect(found.get_by_role("table", name="Limits")).to_contain_text("does not fit")
    expect(found.get_by_role("region", name="Guardrails")).to_contain_text("1 found")
    console.button("Remove condition").click()
    console.button("Explain").click()
    expect(found.get_by_text("It would be sent to a provider.")).to_be_visible()
    run("guardrail", "remove", "explained")
    run("limit", "remove", "explained")


def test_the_shadow_of_a_rollout_is_explained(console: Console) -> None:
    installation, project = console.installation, f"/api/v1/projects/{console.project_id}"
    installation.post(f"{project}/use-cases", {"name": "e2e-dry-shadow"})
    releases: list[str] = []
    for model in ("sim/sim-small", "sim/sim-large"):
        body = {"model": model, "parameters": {"max_tokens": 31}}
        releases.append(installation.post(f"{project}/releases", body)["digest"])
        evidence = {"kind": "evaluation", "result": "passed", "run": "e2e"}
        installation.post(f"{project}/releases/{releases[-1]}/evidence", evidence)
    installation.run("rollout", "start", "e2e-dry-shadow", releases[0])
    shadow = ("--usd-per-day", "2", "--percent", "25")
    installation.run("rollout", "shadow", "e2e-dry-shadow", releases[1], *shadow)
    wait_until(lambda: installation.json("explain", "e2e-dry-shadow")["rollout_shadow"], 10)
    console.open(f"/projects/{console.project_id}/dry-run?model=e2e-dry-shadow")
    console.button("Explain").click()
    found = console.page.get_by_role("region", name="Shadow")
    expect(found).to_contain_text(f"25 % to the release {releases[1][:12]} as well")
    expect(found).to_contain_text("$2.00 of $2.00 is left today.")


def test_a_body_that_is_no_json_is_named(console: Console) -> None:
    console.open(f"/projects/{console.project_id}/dry-run?model=sim-small")
    expect(console.page.get_by_label("Model or route")).to_have_value("sim-small")
    console.page.get_by_label("Body").fill("{")
    console.button("Explain").click()
    expect(console.page.get_by_text("The body must be a JSON object.")).to_be_visible()
