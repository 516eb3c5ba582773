"""A coding agent of pydantic-ai: it reads, edits and runs in the current folder."""

import os
import subprocess
import sys
from pathlib import Path

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


def read(path: str) -> str:
    """Reads a file."""
    return Path(path).read_text()


def replace(path: str, old: str, new: str) -> str:
    """Replaces a text in a file."""
    file = Path(path)
    file.write_text(file.read_text().replace(old, new))
    return "done"


def run(command: str) -> str:
    """Runs a command."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    return f"exit code {done.returncode}\n{done.stdout}{done.stderr}"


def main(model: str, task: str) -> None:
    provider = OpenAIProvider(
        base_url=f"{os.environ['GATEWAY']}/v1", api_key=os.environ["GATEWAY_KEY"]
    )
    agent = Agent(OpenAIChatModel(model, provider=provider), tools=[read, replace, run])
    print(agent.run_sync(task).output)


main(*sys.argv[1:])
