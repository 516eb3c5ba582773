"""Causes of failures, by the words that vendors use (their documentation, and issue threads)."""

import pytest

from penstock.rules.attempts.failure_causes import FailureCause, cause_of_rejection
from penstock.rules.neutral.answer import ProviderError

TOO_LONG = (
    # OpenAI
    ProviderError(
        "This model's maximum context length is 8192 tokens. However, your messages resulted in "
        "9000 tokens. Please reduce the length of the messages.",
        "invalid_request_error",
        "messages",
        "context_length_exceeded",
    ),
    # Anthropic
    ProviderError("prompt is too long: 209416 tokens > 200000 maximum", "invalid_request_error"),
    # Gemini
    ProviderError(
        "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
        "INVALID_ARGUMENT",
    ),
    # Bedrock
    ProviderError("Input is too long for requested model.", "ValidationException"),
    # Mistral
    ProviderError(
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum "
        "context length",
        "invalid_request_error",
    ),
    # Cohere
    ProviderError("too many tokens: total number of tokens in the prompt exceeds the limit of 128"),
    # Groq
    ProviderError("Please reduce the length of the messages or completion.", "invalid_request"),
)
FILTERED = (
    # Azure OpenAI
    ProviderError(
        "The response was filtered due to the prompt triggering Azure OpenAI's content management "
        "policy. Please modify your prompt and retry.",
        "",
        "prompt",
        "content_filter",
    ),
    # OpenAI images
    ProviderError("Your request was rejected by our safety system.", "", "", "content_policy"),
    # Anthropic
    ProviderError("Output blocked by content filtering policy", "invalid_request_error"),
)
MISTAKES = (
    ProviderError("Invalid schema for function 'f'", "invalid_request_error", "tools"),
    ProviderError("messages: roles must alternate between user and assistant"),
    ProviderError("temperature: Input should be less than or equal to 1"),
    ProviderError(),
)


@pytest.mark.parametrize("reported", TOO_LONG, ids=lambda one: one.message[:30])
def test_a_request_that_is_too_long_is_recognised(reported: ProviderError) -> None:
    assert cause_of_rejection(400, reported) is FailureCause.CONTEXT_LENGTH


@pytest.mark.parametrize("reported", FILTERED, ids=lambda one: one.message[:30])
def test_a_filtered_request_is_recognised(reported: ProviderError) -> None:
    assert cause_of_rejection(400, reported) is FailureCause.CONTENT_FILTER


@pytest.mark.parametrize("reported", MISTAKES, ids=lambda one: one.message[:30] or "nothing")
def test_other_rejections_are_the_callers_mistake(reported: ProviderError) -> None:
    assert cause_of_rejection(400, reported) is FailureCause.INVALID


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (429, FailureCause.RATE_LIMIT),
        (401, FailureCause.CREDENTIAL),
        (402, FailureCause.CREDENTIAL),
        (403, FailureCause.CREDENTIAL),
        (404, FailureCause.UNSUPPORTED),
        (408, FailureCause.UNAVAILABLE),
        (413, FailureCause.CONTEXT_LENGTH),
        (302, FailureCause.UNAVAILABLE),
        (500, FailureCause.UNAVAILABLE),
        (503, FailureCause.UNAVAILABLE),
        (529, FailureCause.UNAVAILABLE),
        (999, FailureCause.UNAVAILABLE),
    ],
)
def test_the_status_decides_where_it_is_clear(status: int, cause: FailureCause) -> None:
    assert cause_of_rejection(status, TOO_LONG[0]) is cause
