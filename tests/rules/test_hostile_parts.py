"""Whatever a provider puts into a tool call, reasoning or an unknown part: it can be written for a
caller, and for the record, in every dialect."""

import pytest

from penstock.rules.neutral.answer import AnswerChoice, FinishReason, WholeAnswer
from penstock.rules.neutral.collector import events_of
from penstock.rules.neutral.conversation import Other, Part, Reasoning, ToolCall
from penstock.rules.wire.anthropic.answer_writer import write_answer as write_anthropic
from penstock.rules.wire.bedrock.answer_writer import write_answer as write_bedrock
from penstock.rules.wire.cohere.answer_writer import write_answer as write_cohere
from penstock.rules.wire.gemini.answer_writer import write_answer as write_gemini
from penstock.rules.wire.openai.answer_writer import write_answer as write_openai
from penstock.rules.wire.responses.answer_writer import write_answer as write_responses
from rules.dialects import DIALECTS, Dialect

# Around the depth at which decoding or encoding gives up: one of them may do so a level earlier.
DEPTHS = (100, 500, *range(880, 1005), 1024, 3000, 50_000)  # the limit counts our own frames too
TEXTS = (
    *("", "{", "[1]", "null", '"x"', '{"a":1e999}', '{"a":1,"a":2}', '{"a":' + "9" * 400 + "}"),
    *('{"a":' * depth + "1" + "}" * depth for depth in DEPTHS),
    *('{"a":' + "[" * depth + "]" * depth + "}" for depth in DEPTHS),
)
WRITERS = {
    "anthropic": write_anthropic,
    "bedrock": write_bedrock,
    "cohere": write_cohere,
    "gemini": write_gemini,
    "openai": write_openai,
    "responses": write_responses,
}


def answers_with(text: str, dialect: str) -> list[WholeAnswer]:
    parts: tuple[Part, ...] = (
        ToolCall("c", "f", text, text[:2000]),
        Reasoning(text[:2000], text[:2000], text[:2000], "", dialect),
        Other(dialect, "part", text.encode()),
    )
    return [
        WholeAnswer("i", "m", 1, (AnswerChoice((part,), FinishReason.TOOL_CALLS),))
        for part in parts
    ]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_any_part_can_be_written_for_a_caller(dialect: Dialect) -> None:
    for text in TEXTS:
        for answer in answers_with(text, "another"):
            assert dialect.surface.render_answer(events_of(answer), "another")
            assert dialect.write_stream(events_of(answer), "another")


@pytest.mark.parametrize("name", WRITERS)
def test_any_part_can_be_written_for_the_record(name: str) -> None:
    for text in TEXTS:
        for answer in answers_with(text, name):
            assert WRITERS[name](answer)
