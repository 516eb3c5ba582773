"""Reading answers, usage and errors of every shape."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import NotFound, Overloaded, PenstockError, UpstreamFailed
from penstock.rules.call import Usage, UsageSource
from penstock.rules.neutral.answer import AnswerFacts, estimate_usage
from penstock.rules.redaction import Redaction
from penstock.rules.wire.openai.errors import render_error, render_error_event
from penstock.rules.wire.openai.facts import read_answer
from penstock.rules.wire.openai.usage import read_usage, usage_in_tail
from penstock.rules.wire.provider_errors import read_error


def test_the_facts_of_an_answer() -> None:
    body = (
        b'{"id":"c1","model":"m-1","service_tier":"flex","choices":[{"finish_reason":"stop"},'
        b'{"finish_reason":null}],"usage":{"prompt_tokens":3,"completion_tokens":2},'
        b'"system_fingerprint":"fp_1"}'
    )
    facts = read_answer(body)
    assert (facts.id, facts.model, facts.service_tier) == ("c1", "m-1", "flex")
    assert facts.fingerprint == "fp_1"
    assert facts.finish_reasons == ("stop",)
    assert facts.usage == Usage(3, 2, source=UsageSource.PROVIDER)


@pytest.mark.parametrize("body", [b"[]", b'{"id":5}', b"{}", b'"text"'])
def test_json_of_another_shape_is_an_answer_without_facts(body: bytes) -> None:
    assert read_answer(body) == AnswerFacts()


def test_the_usage_of_an_answer_of_another_shape_is_read() -> None:
    facts = read_answer(b'{"id":5,"usage":{"prompt_tokens":3}}')
    assert facts.usage == Usage(3, source=UsageSource.PROVIDER)


@pytest.mark.parametrize("fingerprint", [b"5", b"null", b'{"a":[1]}'])
def test_a_fingerprint_of_another_type_leaves_the_other_facts(fingerprint: bytes) -> None:
    facts = read_answer(b'{"id":"c1","system_fingerprint":%b}' % fingerprint)
    assert (facts.id, facts.fingerprint) == ("c1", "")


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id":', b"[" * 100_000])
def test_an_answer_that_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(UpstreamFailed, match="not valid JSON"):
        read_answer(body)


IMAGES = b'"input_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40}'


@pytest.mark.parametrize(
    ("document", "usage"),
    [
        (
            b'{%b,"output_tokens":9,"output_tokens_details":{"image_tokens":7}}' % IMAGES,
            Usage(50, 9, input_image_tokens=40, output_image_tokens=7),
        ),
        (
            b'{%b,"output_tokens":9}' % IMAGES,
            Usage(50, 9, input_image_tokens=40, output_image_tokens=9),
        ),
        (
            b'{"input_tokens":14,"output_tokens":4,"input_token_details":{"audio_tokens":12}}',
            Usage(14, 4, input_audio_tokens=12),
        ),
        (b'{"type":"duration","seconds":9.0}', Usage(input_audio_seconds=9)),
        (b'{"type":"duration","seconds":0.2}', Usage(input_audio_seconds=1)),
        (b'{"prompt_audio_seconds":7,"total_tokens":0}', Usage(input_audio_seconds=7)),
        (b'{"total_tokens":38}', Usage(38)),
        (b"{}", Usage()),
    ],
)
def test_the_usage_of_images_audio_and_rerankings_is_read(document: bytes, usage: Usage) -> None:
    found = read_usage(document)
    assert found == msgspec.structs.replace(usage, source=UsageSource.PROVIDER)


@pytest.mark.parametrize(
    "document",
    [
        b'{"input_tokens":-1}',
        b'{"seconds":-0.5}',
        b'{"seconds":1e300}',
        b'{"output_tokens":9007199254740993}',
        b'{"input_tokens_details":{"image_tokens":-1}}',
    ],
)
def test_impossible_counts_of_any_kind_are_invalid(document: bytes) -> None:
    found = read_usage(document)
    assert found is not None
    assert found.source is UsageSource.INVALID


def test_every_kind_of_token_is_read() -> None:
    usage = read_usage(
        b'{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,'
        b'"prompt_tokens_details":{"cached_tokens":40,"audio_tokens":7,"cache_write_tokens":2},'
        b'"completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":5}}'
    )
    assert usage == Usage(100, 50, 40, 2, 20, 7, 5, UsageSource.PROVIDER)
    assert read_usage(b'{"prompt_tokens":9,"prompt_cache_hit_tokens":6}') == Usage(
        9, 0, 6, source=UsageSource.PROVIDER
    )


@pytest.mark.parametrize("document", [None, b"", b"null", b"[]", b'{"prompt_tokens":"many"}', b"{"])
def test_another_object_is_not_usage(document: bytes | None) -> None:
    assert read_usage(document) is None


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 20_000))
def test_usage_is_found_in_the_tail_of_a_large_answer(given_: int, made: int, cut: int) -> None:
    usage = {"prompt_tokens": given_, "prompt_tokens_details": {"cached_tokens": 1}}
    usage["completion_tokens"] = made
    body = json.dumps({"data": "x" * 20_000, "usage": usage, "id": "c", "n": {"usage": 1}}).encode()
    found = usage_in_tail(body[cut:])
    assert found is not None
    assert (found.input_tokens, found.output_tokens, found.cache_read_tokens) == (given_, made, 1)


def test_a_tail_without_usage_has_none() -> None:
    assert usage_in_tail(b'"usage":null}') is None
    assert usage_in_tail(b'"usage":{"prompt_tokens":') is None


def test_estimates_are_marked_as_such() -> None:
    assert estimate_usage(9, 4) == Usage(3, 4, source=UsageSource.ESTIMATED)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"message":"too long","code":1}}', "too long"),
        (b'{"error":"a string"}', "a string"),
        (b'{"detail":"not found"}', "not found"),
        (b'{"message":"no"}', "no"),
        (b'{"error":{"code":5}}', ""),
        (b"Internal Server Error", ""),
        (b"[1]", ""),
    ],
)
def test_provider_errors_of_every_shape_are_read(body: bytes, message: str) -> None:
    assert read_error(body, Redaction()).message == message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotFound("No.", hint="Do this.", param="model"), "invalid_request_error"),
        (Overloaded("Full."), "server_error"),
        (PenstockError("Oops."), "server_error"),
    ],
)
def test_our_errors_in_openais_format(error: PenstockError, kind: str) -> None:
    document = json.loads(render_error(error))["error"]
    assert document["message"] == error.sentence()
    assert (document["type"], document["code"]) == (kind, error.code)
    assert render_error_event(error) == b"data: " + render_error(error) + b"\n\n"
