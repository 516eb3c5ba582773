"""Keys created in the console work at the gateway, and stop working when revoked."""

import json
import re
import subprocess
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from e2e.console import Console
from installation import Installation, wait_until

pytestmark = pytest.mark.e2e


def status_with(installation: Installation, secret: str, model: str = "sim/sim-small") -> int:
    """The status of a call with this secret."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 1}
    request = urllib.request.Request(
        f"{installation.gateway}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {secret}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def create_key(console: Console, name: str, models: str = "") -> str:
    """Creates a key in the dialog and returns its secret."""
    console.button("Create key").first.click()
    dialog = console.dialog()
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Allowed models").fill(models)
    dialog.get_by_role("button", name="Create key").click()
    secret = dialog.get_by_label("key", exact=True)
    expect(secret).to_have_text(re.compile(r"pk_\S{43}"))
    return secret.inner_text().strip()


def test_a_new_key_works_with_the_example_shown_and_stops_when_revoked(
    console: Console,
) -> None:
    installation = console.installation
    console.go("Keys")
    secret = create_key(console, "checkout")
    curl = console.dialog().get_by_label("curl example", exact=True).inner_text()
    assert secret in curl
    answer: list[object] = []

    def answered() -> bool:  # gateways know a new key within a second
        done = subprocess.run(
            ["bash", "-c", f"{curl} -sf"], capture_output=True, text=True, timeout=30, check=False
        )
        answer[:] = [json.loads(done.stdout)] if done.returncode == 0 else []
        return bool(answer)

    wait_until(answered, 5)
    assert isinstance(answer[0], dict)
    assert answer[0]["choices"][0]["message"]["content"]
    console.button("I have copied it").click()
    expect(console.page.get_by_text(secret)).to_have_count(0)  # never shown again
    expect(console.row("checkout")).to_contain_text("active")
    expect(console.row("checkout")).to_contain_text(secret[:9])

    console.act("checkout", "Revoke")
    console.button("Revoke key").click()
    expect(console.dialog()).to_have_count(0)
    wait_until(lambda: status_with(installation, secret) == 401, 5)
    console.page.get_by_label("expired or revoked").check()
    expect(console.row("checkout")).to_contain_text("revoked")


def test_a_key_is_limited_to_the_models_it_names(console: Console) -> None:
    console.go("Keys")
    secret = create_key(console, "limited", "sim/sim-small")
    console.button("I have copied it").click()
    expect(console.row("limited")).to_contain_text("sim/sim-small")
    wait_until(lambda: status_with(console.installation, secret) == 200, 5)
    assert status_with(console.installation, secret, "sim/sim-large") == 403


def test_a_rotated_key_keeps_its_old_secret_for_the_overlap(console: Console) -> None:
    console.go("Keys")
    old = create_key(console, "rotated")
    console.button("I have copied it").click()
    console.act("rotated", "Rotate")
    expect(console.dialog()).to_contain_text(old[:9])
    console.button("Rotate key").click()
    new = console.dialog().get_by_label("key", exact=True).inner_text().strip()
    assert new != old
    console.button("I have copied it").click()
    expect(console.row("rotated")).to_contain_text(new[:9])
    wait_until(lambda: status_with(console.installation, new) == 200, 5)
    assert status_with(console.installation, old) == 200

    console.act("rotated", "Rotate")
    console.dialog().get_by_label("Keep the old secret").select_option(
        label="No overlap (revoke now)"
    )
    console.button("Rotate key").click()
    console.button("I have copied it").click()
    wait_until(lambda: status_with(console.installation, old) == 401, 5)
    assert status_with(console.installation, new) == 401


def test_a_missing_or_blank_name_is_reported_at_its_field(console: Console) -> None:
    console.watch.expect(422)
    console.go("Keys")
    console.button("Create key").first.click()
    console.dialog().get_by_role("button", name="Create key").click()
    missing = console.dialog().get_by_label("Name")
    expect(missing).to_be_focused()
    expect(missing).to_have_attribute("aria-invalid", "true")
    expect(console.dialog()).to_contain_text("Please fill out this field.")
    console.dialog().get_by_label("Name").fill("   ")
    console.dialog().get_by_role("button", name="Create key").click()
    name = console.dialog().get_by_label("Name")
    expect(name).to_have_attribute("aria-invalid", "true")


def test_calls_can_be_filtered_by_a_tag_of_their_key(console: Console) -> None:
    console.go("Keys")
    console.button("Create key").first.click()
    dialog = console.dialog()
    dialog.get_by_label("Name").fill("tagged")
    dialog.get_by_text("Attribution (optional)").click()
    dialog.get_by_label("Tags").fill("project: apollo, stage: beta")
    dialog.get_by_role("button", name="Create key").click()
    secret = dialog.get_by_label("key", exact=True).inner_text().strip()
    console.button("I have copied it").click()
    expect(console.row("tagged")).to_contain_text("project apollo")
    wait_until(lambda: status_with(console.installation, secret) == 200, 5)

    def tagged_calls() -> list[dict[str, str]]:
        found = console.installation.get("/api/v1/traces?tag=project:apollo")
        return list(found["items"])

    wait_until(lambda: len(tagged_calls()) == 1, 10)
    trace = tagged_calls()[0]["trace_id"]
    console.open(f"/projects/{console.project_id}/traces/{trace}")
    console.page.get_by_role("link", name="apollo").click()
    expect(console.page).to_have_url(re.compile("tag=project"))
    expect(console.button("Remove filter Tag")).to_be_visible()
    expect(console.row("Hello!")).to_have_count(1)
