"""Schemas for Anthropic's structured output: each object is closed, nothing else changes."""

import json

import pytest
from hypothesis import given

from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.conversation import Conversation, OutputFormat
from penstock.rules.wire.anthropic.schema import closed_schema
from rules.conversations import SCHEMA
from rules.dialects import ANTHROPIC

OPEN = {
    "type": "object",
    "properties": {
        "one": {"type": ["object", "null"], "properties": {"n": {"type": "integer"}}},
        "many": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "any": {"anyOf": [{"type": "object", "additionalProperties": True}, {"type": "string"}]},
    },
    "$defs": {"item": {"properties": {"type": {"type": "string"}}}},
}


def test_every_object_of_a_schema_is_closed() -> None:
    schema, changed = closed_schema(json.dumps(OPEN).encode(), "output.schema")
    found = json.loads(schema)
    assert changed
    assert found["additionalProperties"] is False
    assert found["properties"]["one"]["additionalProperties"] is False
    assert found["properties"]["any"]["anyOf"][0]["additionalProperties"] is False
    assert found["$defs"]["item"]["additionalProperties"] is False
    assert "additionalProperties" not in found["properties"]["many"]
    assert list(found["properties"]) == ["one", "many", "any"]
    assert closed_schema(schema, "output.schema") == (schema, False)


@given(SCHEMA)
def test_a_closed_schema_is_not_touched(schema: bytes) -> None:
    assert closed_schema(schema, "output.schema") == (schema, False)


@pytest.mark.parametrize("schema", [b"{", b'{"items":' * 100 + b"{}" + b"}" * 100])
def test_what_is_no_schema_is_rejected_by_name(schema: bytes) -> None:
    with pytest.raises(InvalidRequest) as raised:
        closed_schema(schema, "output.schema")
    assert raised.value.param == "output.schema"


def test_the_change_is_named() -> None:
    conversation = Conversation(output=OutputFormat(json.dumps(OPEN).encode()), dialect="openai")
    body, changes = ANTHROPIC.write(conversation)
    assert json.loads(body)["output_config"]["format"]["schema"]["additionalProperties"] is False
    assert "changed:output.schema" in [f"{one.kind.value}:{one.field}" for one in changes]
