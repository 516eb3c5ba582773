"""instructor: typed answers with the three official clients."""

from typing import Any

import instructor
from anthropic import Anthropic
from google import genai
from google.genai.types import HttpOptions
from openai import OpenAI
from over import DESCRIBE, GATEWAY, KEY, Over, each
from pydantic import BaseModel

ROWS = ("instructor, openai", "instructor, anthropic", "instructor, google-genai")
OVER = list(each(*ROWS))


class City(BaseModel):
    """A city."""

    name: str
    inhabitants: int


KOELN = {"name": "Köln", "inhabitants": 1086000}
MESSAGES: Any = [{"role": "user", "content": DESCRIBE}]
# It has no mode for the structured output of Anthropic's client.
SCHEMAS = {
    ROWS[0]: instructor.Mode.JSON_SCHEMA,
    ROWS[1]: instructor.Mode.TOOLS,
    ROWS[2]: instructor.Mode.GENAI_STRUCTURED_OUTPUTS,
}


def client(over: Over, mode: instructor.Mode) -> Any:
    if over.row == ROWS[0]:
        plain = OpenAI(base_url=f"{GATEWAY}/v1", api_key=KEY, max_retries=0)
        return instructor.from_openai(plain, mode=mode)
    if over.row == ROWS[1]:
        plain = Anthropic(base_url=GATEWAY, api_key=KEY, max_retries=0)
        return instructor.from_anthropic(plain, mode=mode)
    plain = genai.Client(api_key=KEY, http_options=HttpOptions(base_url=GATEWAY))
    return instructor.from_genai(plain, mode=mode)


def asked(over: Over) -> dict[str, Any]:
    limit = {"max_tokens": 2000} if over.row == ROWS[1] else {}
    return {"model": over.model, "messages": MESSAGES, "max_retries": 0, **limit}


def test_output_by_a_tool(over: Over) -> None:
    answer = client(over, instructor.Mode.TOOLS).create(response_model=City, **asked(over))
    assert answer.model_dump() == KOELN


def test_structured_output(over: Over) -> None:
    answer = client(over, SCHEMAS[over.row]).create(response_model=City, **asked(over))
    assert answer.model_dump() == KOELN


def test_stream(over: Over) -> None:
    parts = client(over, instructor.Mode.TOOLS).create_partial(response_model=City, **asked(over))
    assert [part.model_dump() for part in parts][-1] == KOELN
