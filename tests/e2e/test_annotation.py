"""Annotation in the console: fifty items by keyboard alone, spans, and what is made of labels."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.conftest import Open
from e2e.console import Console
from e2e.test_roles import add_member
from installation import Installation

pytestmark = pytest.mark.e2e

ITEMS = 50
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> answer"
GUIDELINES = """# What is helpful

**Short** answers are fine, [see](https://example.com/rules):

| answer | label |
|--------|-------|
| "no"   | No    |

<script>document.title = "owned"</script> <b onclick="document.title='owned'">raw</b>

[a](javascript:document.title='owned') [b](java&#115;cript:document.title='owned')
[c](data:text/html,<script>document.title='owned'</script>) ![d](https://example.com/pixel.png)
"""


def queue(installation: Installation, folder: Path, name: str, schema: dict[str, Any]) -> str:
    """Adds a dataset with recorded answers, and a queue of its items. Returns the queue's path."""
    items = [
        {"id": f"q{at}", "input": f"Question {at}", "metadata": {"output": f"{HOSTILE} {at}"}}
        for at in range(ITEMS)
    ]
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(map(json.dumps, items)))
    installation.run("dataset", "import", name, str(path))
    project = installation.get("/api/v1/session")["project_id"]
    queues = f"/api/v1/projects/{project}/annotation/queues"
    made = {
        "name": name,
        "label_schema": schema,
        "score": "helpful",
        "guidelines": GUIDELINES,
    }
    installation.post(queues, made)
    assert installation.post(f"{queues}/{name}/items", {"dataset": name})["added"] == ITEMS
    return f"{queues}/{name}"


def test_fifty_items_are_labelled_by_keyboard_alone(console: Console, tmp_path: Path) -> None:
    page = console.page
    question = {"kind": "binary", "question": "Is the answer helpful?"}
    path = queue(console.installation, tmp_path, "e2e-helpful", question)
    page.keyboard.press("g")
    page.keyboard.press("h")
    console.heading("Annotation").wait_for()
    console.row("e2e-helpful").get_by_role("link", name="Label").focus()
    page.keyboard.press("Enter")
    console.heading("Is the answer helpful?").wait_for()
    output, done = page.get_by_role("region", name="Output"), page.get_by_role("status")
    page.evaluate("document.activeElement.blur()")
    for at in range(ITEMS):
        expect(output).to_contain_text(f"{HOSTILE} {at}")
        if at == 1:
            page.keyboard.press("s")
            page.keyboard.type("not my language")
        elif at == 2:
            page.keyboard.press("2")
            page.keyboard.press("e")
            page.keyboard.type("A better answer.")
        else:
            page.keyboard.press("1" if at % 2 else "2")
        page.keyboard.press("Enter")
        expect(done).to_contain_text(f"{at + 1} done")
    page.get_by_text("Nothing left to label").wait_for()
    assert page.title() != "owned"
    page.keyboard.press("u")
    expect(output).to_contain_text(f"{HOSTILE} {ITEMS - 1}")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(done).to_contain_text(f"{ITEMS} done")
    page.keyboard.press("k")
    expect(page.get_by_role("radio", name="Yes")).to_be_checked()
    progress = console.installation.get(path)["progress"]
    assert (progress["labelled"], progress["open"]) == (ITEMS - 1, 1)
    assert progress["annotators"][0]["skipped"] == 1


def test_guidelines_are_markdown_that_does_nothing(console: Console, tmp_path: Path) -> None:
    page = console.page
    queue(console.installation, tmp_path, "e2e-guided", {"kind": "binary"})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    console.open(f"/projects/{console.project_id}/annotation/e2e-guided/review")
    guidelines = page.get_by_role("region", name="Guidelines")
    guidelines.get_by_role("heading", name="What is helpful", level=3).wait_for()
    expect(guidelines.get_by_role("cell", name="No", exact=True)).to_be_visible()
    for text in ("<script>document.title", "<b onclick=", "[a](javascript:", "[c](data:text/html"):
        expect(guidelines).to_contain_text(text)
    guidelines.get_by_text("raw").click()
    links = guidelines.get_by_role("link")
    found = links.evaluate_all("all => all.map((each) => [each.href, each.rel, each.target])")
    rel = "noopener noreferrer nofollow"
    assert found == [
        [address, rel, "_blank"]
        for address in ("https://example.com/rules", "https://example.com/pixel.png")
    ]
    assert guidelines.locator("img, script, iframe, b").count() == 0
    assert not [url for url in asked if not url.startswith(console.installation.server)]
    assert page.title() != "owned"


def test_parts_of_an_output_are_marked_by_keyboard_and_mouse(
    console: Console, tmp_path: Path
) -> None:
    page = console.page
    kind = {
        "kind": "spans",
        "question": "What is wrong?",
        "choices": [{"value": "wrong"}, {"value": "rude"}],
    }
    path = queue(console.installation, tmp_path, "e2e-spans", kind)
    console.open(f"/projects/{console.project_id}/annotation/e2e-spans/review")
    output, done = page.get_by_role("region", name="Output"), page.get_by_role("status")
    expect(output).to_contain_text(f"{HOSTILE} 0")
    for key in ("ArrowRight", "Shift+ArrowRight", "1", "Enter"):
        page.keyboard.press(key)
    expect(done).to_contain_text("1 done")
    expect(output).to_contain_text(f"{HOSTILE} 1")
    output.get_by_text("<img", exact=True).click()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(done).to_contain_text("2 done")
    items = console.installation.get(f"{path}/items?state=labelled")["items"]
    texts = [item["content"]["output"] for item in items]
    spans = [item["labels"][0]["value"][0] for item in items]
    marked = [text[each["start"] : each["end"]] for text, each in zip(texts, spans, strict=True)]
    assert marked == [" ".join(HOSTILE.split()[1:3]), "<img"]
    assert [each["value"] for each in spans] == ["wrong", "rude"]


def test_a_queue_is_made_and_shows_its_labels(console: Console, tmp_path: Path) -> None:
    page = console.page
    queue(console.installation, tmp_path, "e2e-labelled", {"kind": "binary"})
    console.go("Annotation")
    console.button("New queue").click()
    console.dialog().get_by_label("Name").fill("e2e-new")
    console.dialog().get_by_label("Question").fill("How good is it?")
    console.dialog().get_by_label("Labels").select_option("ordinal")
    console.dialog().get_by_label("Choices").fill("bad, fair, very good")
    console.dialog().get_by_label("Score").fill("grade")
    console.button("Add queue").click()
    console.heading("e2e-new").wait_for()
    console.button("Add items").click()
    console.dialog().get_by_label("Dataset").fill("e2e-labelled")
    console.dialog().get_by_role("button", name="Add items").click()
    expect(page.get_by_text("0 of 50")).to_be_visible()
    page.get_by_role("link", name="Label").click()
    expect(page.get_by_role("radio")).to_have_text(["1bad", "2fair", "3very good"])
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="open")).to_contain_text("1 done")
    page.get_by_role("link", name="Queue", exact=True).click()
    expect(page.get_by_text("1 of 50")).to_be_visible()
    expect(page.get_by_role("region", name="Agreement")).to_contain_text("at least 5 are needed")
    first = page.get_by_role("list", name="Items").get_by_role("listitem").first
    expect(first).to_contain_text("very good")
    first.get_by_role("button", name="Add to dataset").click()
    console.dialog().get_by_label("What is expected").select_option("label")
    expect(console.dialog().get_by_label("Example", exact=True)).to_contain_text(
        '"expected": "very good"'
    )
    console.button("Add example").click()
    expect(page.get_by_text("Added to the dataset")).to_be_visible()
    console.go("Annotation")
    page.get_by_role("radio", name="Judges").click()
    expect(page.get_by_text("No judge has human labels yet")).to_be_visible()


def test_a_correction_becomes_a_draft_and_a_judge(console: Console, tmp_path: Path) -> None:
    page, installation = console.page, console.installation
    queue(installation, tmp_path, "e2e-uses", {"kind": "binary", "question": "Is it right?"})
    project = f"/api/v1/projects/{console.project_id}"
    content = {
        "kind": "chat",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "{{ question }}"},
        ],
        "variables": {"question": {}},
    }
    installation.post(f"{project}/prompts", {"name": "e2e-answer", "content": content})
    console.open(f"/projects/{console.project_id}/annotation/e2e-uses/review")
    done = page.get_by_role("status")
    expect(page.get_by_role("radio", name="No")).to_be_visible()
    page.keyboard.press("2")
    page.keyboard.press("c")
    page.keyboard.type("The price is missing.")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.keyboard.type("It costs 3 euros.")
    page.keyboard.press("Enter")
    expect(done).to_contain_text("1 done")
    console.open(f"/projects/{console.project_id}/annotation/e2e-uses")
    first = page.get_by_role("list", name="Items").get_by_role("listitem").first
    first.get_by_role("button", name="Make a judge").click()
    console.dialog().get_by_role("combobox", name="Model that judges").click()
    console.dialog().get_by_role("option").first.click()
    evaluator = console.dialog().get_by_label("Evaluator", exact=True)
    expect(evaluator).to_contain_text("An annotator remarks: The price is missing.")
    console.dialog().get_by_role("link", name="Start a run with it").click()
    console.heading("Start a run").wait_for()
    judge = page.get_by_role("group", name="rubric")
    expect(judge.get_by_label("criteria")).to_have_value(re.compile("Is it right?"))
    page.go_back()
    first.get_by_role("button", name="Draft a prompt").click()
    console.dialog().get_by_label("Prompt").select_option("e2e-answer")
    draft = console.dialog().get_by_role("region", name="Draft")
    expect(draft.get_by_role("listitem").nth(2)).to_contain_text("It costs 3 euros.")
    console.button("Save draft").click()
    console.heading("e2e-answer").wait_for()


def test_an_editor_hides_suggestions_from_annotators(console: Console, tmp_path: Path) -> None:
    path = queue(console.installation, tmp_path, "e2e-suggested", {"kind": "binary"})
    console.open(f"/projects/{console.project_id}/annotation/e2e-suggested")
    console.button("Edit").click()
    shown = console.dialog().get_by_label("Annotators see suggestions of models")
    expect(shown).to_be_checked()
    shown.uncheck()
    console.button("Save").click()
    expect(console.dialog()).to_have_count(0)
    assert console.installation.get(path)["shows_suggestions"] is False


def test_an_editor_decides_where_two_annotators_differ(
    console: Console, window: Open, tmp_path: Path
) -> None:
    kind = {"kind": "spans", "question": "What is wrong?", "choices": [{"value": "wrong"}]}
    path = queue(console.installation, tmp_path, "e2e-decided", kind)
    console.installation.run("annotation", "change", "e2e-decided", "--overlap", "2")
    for name, word in (("left", "<img"), ("right", "src=x")):
        _, annotator = add_member(console, window, f"{name}@example.org", "Editor")
        annotator.open(f"/projects/{console.project_id}/annotation/e2e-decided/review")
        output = annotator.page.get_by_role("region", name="Output")
        expect(output).to_contain_text(f"{HOSTILE} 0")
        output.get_by_text(word, exact=True).click()
        annotator.page.keyboard.press("1")
        annotator.page.keyboard.press("Enter")
        expect(annotator.page.get_by_role("status")).to_contain_text("1 done")
    console.open(f"/projects/{console.project_id}/annotation/e2e-decided")
    first = console.page.get_by_role("list", name="Items").get_by_role("listitem").first
    expect(first).to_contain_text("wrong “<img”")
    first.get_by_label("Reason of the decision").fill("The attribute is fine.")
    first.get_by_role("button", name="As left@example.org: wrong “<img”").click()
    console.page.get_by_role("radio", name="All").click()
    expect(first).to_contain_text("The attribute is fine.")
    item = console.installation.get(f"{path}/items?limit=1")["items"][0]
    assert item["decision"]["value"] == [{"start": 0, "end": 4, "value": "wrong"}]
    first.get_by_role("button", name="Take the decision back").click()
    expect(first.get_by_role("group", name="Decide")).to_be_visible()
    assert console.installation.get(f"{path}/items?limit=1")["items"][0]["decision"] is None
