"""Hostile records: any value in any field that the wire format can carry."""

import json
from typing import Any

import msgspec
from hypothesis import strategies as st

from features.traces import calls
from penstock.rules.call import AttemptRecord, CallEnd, Usage

TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "\0", "\u2028\r\n", "'); DROP TABLE spans; --", "é" * 70_000, "{}", "NaN"]
    ),
)
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.sampled_from([-1, 0, 2**63 - 1, -(2**63), 2**31])
)


def nested(depth: int, inner: str = "1") -> str:
    """JSON arrays in each other."""
    return "[" * depth + inner + "]" * depth


def deep_objects(depth: int) -> str:
    """JSON objects in each other."""
    return '{"a":' * depth + "1" + "}" * depth


def bodies(depth: int) -> list[str]:
    """Bodies with a value of this depth in each place that is read."""
    deep = (nested(depth), deep_objects(depth))
    return [
        body
        for value in deep
        for body in (
            value,
            f'{{"messages":[{{"role":"tool","content":{value}}}]}}',
            f'{{"messages":[{{"role":"user","content":[{value}]}}],"tools":[{value}]}}',
            f'{{"messages":[{{"content":[{{"type":"text","text":{value}}}]}}],"stop":{value}}}',
            f'{{"messages":[{{"tool_calls":[{{"function":{{"arguments":{json.dumps(value)}}}}}]}}]}}',
            f'{{"choices":[{{"message":{{"tool_calls":[{{"id":{value}}}]}}}}]}}',
            f'{{"input":{value}}}',
        )
    ]


DEPTHS = (30, 59, 60, 61, 62, 63, 64, 65, 120, 250, 260, 300, 500, 930, 980, 999, 1001, 5000)
PAYLOADS = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([body.encode() for depth in DEPTHS for body in bodies(depth)]),
    st.sampled_from(
        [
            b'{"messages":[{"content":' + b"9" * 5000 + b"}]}",
            b'{"seed":' + b"9" * 300 + b',"n":1e999}',
            b'{"seed":1' + b"0" * 40 + b',"temperature":-1e308,"messages":[1,null,"x",[],{}]}',
            b'{"messages":[' + b"1," * 30_000 + b"1]}",
            b'{"choices":[' + b'{"finish_reason":"' + b"f" * 100_000 + b'"}]}',
            b'{"messages":"\\ud800","model":"\\u0000"}',
            b'\xff\xfe{"messages":[]}',
        ]
    ),
)


def _fields(struct: type[msgspec.Struct], fixed: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of `struct` with anything that its types allow, but for what is fixed."""
    values: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(struct):
        if field.name in fixed:
            values[field.name] = st.just(fixed[field.name])
        elif field.type is str:
            values[field.name] = TEXTS
        elif field.type is int:
            values[field.name] = NUMBERS
        elif field.type is bytes:
            values[field.name] = PAYLOADS
    return st.fixed_dictionaries(values)


@st.composite
def ends(draw: st.DrawFn, project: str) -> CallEnd:
    """An end whose identity is ours and whose every other field may be anything."""
    usual = calls.call(project)
    begin = draw(
        _fields(type(usual.begin), {n: getattr(usual.begin, n) for n in ("project_id", "trace_id")})
    )
    wild = draw(_fields(CallEnd, {}))
    return msgspec.structs.replace(
        usual,
        **wild,
        begin=msgspec.structs.replace(usual.begin, **begin),
        finish_reasons=tuple(draw(st.lists(TEXTS, max_size=3))),
        usage=Usage(**draw(_fields(Usage, {}))),
        attempts=tuple(
            msgspec.structs.replace(usual.attempts[0], **draw(_fields(AttemptRecord, {})))
            for _ in range(draw(st.integers(0, 2)))
        ),
    )
