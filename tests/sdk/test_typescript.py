"""The TypeScript library: its own tests, and the same renderings as the Python library."""

import json
import os
import random
import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptContent, PromptMessage, PromptVariable
from penstock.rules.prompts.documents import VariableType as Type
from penstock.rules.render.prompt import CompiledPrompt, compile_prompt
from tests.installation import Installation

LIBRARY = Path(__file__).parents[2] / "sdk-ts"
COMPILER = Path(__file__).parents[2] / "console" / "node_modules" / ".bin" / "tsc"
PIECES = (
    *("text", " ", "\n", "{", "}", "}}", "%}", "é😀", "{{ a }}", "{{a}}", "{{ b }}", "{{  c }}"),
    *("{{ d }}", "{{ a|upper }}", "{{- a -}}", "{{ 'x' }}", "{{ true }}", "{% if c %}y{% endif %}"),
    *("{# no #}", "{{ constructor }}", "{{ a ~ b }}", "$&", "$1", "\\"),
)
VARIABLES = {
    "a": PromptVariable(),
    "b": PromptVariable(Type.INTEGER, default=7),
    "c": PromptVariable(Type.BOOLEAN),
    "d": PromptVariable(Type.ENUM, values=("one", "two"), default="two"),
    "constructor": PromptVariable(default="made"),
}
VALUES: dict[str, tuple[Any, ...]] = {
    "a": ("x", "", "{{ b }}", "$& <é>", 3, None),
    "b": (0, -12, 2**53, "3", None),
    "c": (True, False, "true"),
    "d": ("one", "three"),
}


def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("no Node")  # needs: node
    return found


def content_of(randomness: random.Random) -> CompiledPrompt:
    """A content that can be saved."""

    def text() -> str:
        return "".join(randomness.choices(PIECES, k=randomness.randint(1, 4)))

    while True:
        content = PromptContent("text", text(), variables=VARIABLES)
        if randomness.random() < 0.5:
            messages = (PromptMessage("system", text()), PromptMessage(placeholder="history"))
            content = PromptContent("chat", messages=messages, variables=VARIABLES)
        with suppress(InvalidRequest):
            return compile_prompt(content)


def case(randomness: random.Random) -> dict[str, Any]:
    """A content with values, and what Python renders: the result, or the code of the error."""
    compiled = content_of(randomness)
    content = compiled.content
    values: dict[str, Any] = {
        name: randomness.choice(known)
        for name, known in VALUES.items()
        if randomness.random() < 0.9
    }
    if content.kind == "chat":
        values["history"] = [{"role": randomness.choice(["user", "nobody"]), "content": "hi"}]
    if randomness.random() < 0.1:
        values["other"] = 1
    try:
        done = compiled.render(values)
        rendered: dict[str, Any] = {"text": done.text, "messages": done.messages}
    except InvalidRequest as error:
        rendered = {"code": error.code}
    return {"content": msgspec.to_builtins(content), "values": values, "rendered": rendered}


def test_its_own_tests_and_renderings(tmp_path: Path) -> None:
    randomness = random.Random(65)
    cases = [case(randomness) for _ in range(600)]
    file = tmp_path / "rendered.json"
    file.write_text(json.dumps(cases))
    done = subprocess.run(
        [node(), "--test", str(LIBRARY / "test")],
        env={**os.environ, "RENDERED": str(file)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    counted = re.search(r"rendered here: (\d+) of 600", done.stdout)
    assert counted is not None, done.stdout
    assert int(counted[1]) > 150


def test_its_types_are_valid(tmp_path: Path) -> None:
    if not COMPILER.exists():
        pytest.skip("no `npm ci` in console")  # needs: node
    use = tmp_path / "use.mts"
    use.write_text(
        f'import {{ Penstock }} from "{LIBRARY}/src/index.js";\n'
        'const client = new Penstock("http://127.0.0.1:4001", "pk", { ttlMs: 1 });\n'
        'const prompt = await client.getPrompt("a", { fallback: "{{ x }}" });\n'
        "const text: string = (await prompt.render({ x: 1 })).text;\n"
        "const digest: string = prompt.digest;\n"
        "export default [text, digest];\n"
    )
    options = ("--noEmit", "--strict", "--module", "nodenext", "--target", "es2022")
    command = [node(), str(COMPILER), *options, "--moduleDetection", "force", str(use)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.drill
def test_the_server_renders_what_the_library_does_not(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "home")
    installation.start()
    try:
        project = installation.get("/api/v1/session")["project_id"]
        content = {"kind": "text", "text": "{% for x in xs %}{{ x|upper }},{% endfor %}"}
        content |= {"variables": {"xs": {"type": "list"}}}
        body = {"name": "looped", "content": content}
        installation.post(f"/api/v1/projects/{project}/prompts", body)
        script = (
            f'import {{ Penstock }} from "{LIBRARY}/src/index.js";\n'
            f'const client = new Penstock("{installation.server}", "{installation.key}",'
            " { timeoutMs: 20000 });\n"
            'const prompt = await client.getPrompt("looped", { label: "latest" });\n'
            'console.log((await prompt.render({ xs: ["a", "b"] })).text);\n'
            "const wrong = await prompt.render({ xs: 3 }).catch((error) => error);\n"
            "console.log(wrong.code);\n"
            "const sent = { name: 'thumb', value: true, session: 's1' };\n"
            "console.log(await client.score(sent));\n"
        )
        done = subprocess.run(
            [node(), "--input-type=module", "--eval", script],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.stdout.split() == ["A,B,", "variable_invalid", "true"], done.stderr
    finally:
        installation.kill()
