"""From a new installation to the first call, with the code that the console shows."""

import json
import subprocess

import pytest
from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.test_keys import create_key
from installation import Installation, wait_until

pytestmark = pytest.mark.e2e


def test_the_example_code_makes_a_call_that_appears_without_a_reload(
    new_penstock: Installation, window: Open
) -> None:
    console = window(new_penstock)
    console.sign_in()
    console.go("Traces")
    console.page.get_by_role("link", name="Create a key").click()
    secret = create_key(console, "first application")
    console.button("I have copied it").click()
    console.go("Traces")
    example = console.page.get_by_label("curl example", exact=True).inner_text()
    command = example.replace("pk_…", secret) + " -sf"
    answer: list[str] = []

    def answered() -> bool:  # gateways know a new key within a second
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False
        )
        answer[:] = [done.stdout] if done.returncode == 0 else []
        return bool(answer)

    wait_until(answered, 5)
    text = json.loads(answer[0])["choices"][0]["message"]["content"]
    row = console.row("Hello!").first  # without a reload
    expect(row).to_be_visible(timeout=5_000)
    expect(row).to_contain_text(text[:30])
