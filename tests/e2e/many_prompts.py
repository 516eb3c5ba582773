"""Creates prompts in realistic numbers: folders, chats and texts, versions, labels, comments."""

from typing import Any

from installation import Installation

FOLDERS = ("support", "support/billing", "sales/outbound", "search", "internal/reports", "shared")
TASKS = ("triage", "summary", "reply", "classification", "extraction", "rewrite", "translation")
GUIDELINES = """\
{% if tone == "formal" %}
Write complete sentences, and address the customer as Sir or Madam.
{% else %}
Write short, friendly sentences.
{% endif %}
{# The legal team asked for this in March. #}
Never give legal advice; name the responsible department in its place.

Examples:
{% for example in examples %}
{{ loop.index }}. {{ example.question|trim }} → {{ example.answer|default("no answer") }}
{% endfor %}
"""
VARIABLES: dict[str, Any] = {
    "company": {"default": "Acme", "description": "as customers know it"},
    "tone": {"type": "enum", "values": ["formal", "friendly"], "default": "friendly"},
    "examples": {"type": "list", "default": [], "description": "objects with question and answer"},
    "question": {"description": "the customer's own text"},
}


def content(task: str, paragraphs: int) -> dict[str, Any]:
    """A chat prompt with as many paragraphs in its first message."""
    rule = (
        f"For a {task}, read the whole message first, then the order history of {{{{ company }}}}. "
        "If the customer names an order, repeat its number; if several orders fit, ask which one. "
    )
    text = f"You work on {task} for {{{{ company }}}}.\n\n" + f"{rule}\n\n" * paragraphs
    return {
        "kind": "chat",
        "messages": [
            {"role": "system", "content": text + GUIDELINES},
            {"placeholder": "history"},
            {"role": "user", "content": "{{ question }}"},
        ],
        "variables": VARIABLES,
        "parameters": {"temperature": 0.2, "max_tokens": 400},
    }


def create_prompts(installation: Installation, count: int) -> str:
    """Creates `count` prompts and returns the id of one with many versions and label moves."""
    project = installation.get("/api/v1/session")["project_id"]
    base = f"/api/v1/projects/{project}/prompts"
    for at in range(count - 1):
        name = f"{FOLDERS[at % len(FOLDERS)]}/{TASKS[at % len(TASKS)]}-{at:03}"
        text = {"kind": "text", "text": f"Summarise the {TASKS[at % 7]} in three sentences."}
        body = text if at % 3 == 0 else content(TASKS[at % len(TASKS)], 1 + at % 4)
        saved = installation.post(base, {"name": name, "content": body, "message": "First draft"})
        if at % 4 == 0:
            installation.run("prompts", "label", name, "production" if at % 8 else "staging")
        assert saved["version"]["number"] == 1
    return _create_long(installation, base)


def _create_long(installation: Installation, base: str) -> str:
    name = "support/answer"
    saved = installation.post(base, {"name": name, "content": content("answers", 6)})
    prompt_id, parent = saved["prompt"]["id"], saved["version"]["digest"]
    messages = ("Shorter rules", "Ask which order", "Legal advice", "Friendlier", "Fewer rules")
    for at in range(14):
        changed = content("answers" if at % 2 else "careful answers", 2 + at % 5)
        changed["parameters"]["temperature"] = at / 10
        body = {"content": changed, "parent": parent, "message": messages[at % len(messages)]}
        saved = installation.post(f"{base}/{prompt_id}/versions", body)
        parent = saved["version"]["digest"]
        if at % 3 == 2:
            number = str(saved["version"]["number"])
            installation.run("prompts", "label", name, "staging", number, "-m", "For the testers")
            installation.run("prompts", "label", name, "production", number, "-m", "Better scores")
    installation.run("prompts", "label", name, "production", "10", "-m", "Answers were too long")
    for text in ("Too long for the chat widget.", "Legal has approved the wording of version 10."):
        installation.post(f"{base}/{prompt_id}/comments", {"text": text, "version": 10})
    return str(prompt_id)
