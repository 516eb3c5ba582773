"""Rerankings of Jina, vLLM and other servers with OpenAI's API, and of Text Embeddings Inference;
`openai_compatible` chooses it."""

from typing import Final

from penstock.plugins.providers.openai_api import OpenAIApi, at_root, post
from penstock.plugins.providers.whole_answers import WholeAnswers
from penstock.rules.neutral.answer import AnswerFacts
from penstock.rules.wire.head import edit_request
from penstock.rules.wire.rerank import DIALECT, read_answer, read_tail, write_tei
from penstock.spi.chat import BuiltRequest, OutgoingCall, ProviderConfig

_PATH: Final = "/rerank"


class OpenAIRerank(WholeAnswers, OpenAIApi):
    """`spi.chat.ChatProvider`."""

    dialect = DIALECT

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        if provider.quirks.get("rerank") == "tei":
            body, changes, rewrite = write_tei(call.body, call.model)
            http = post(at_root(provider), call.model, _PATH, body)
            return BuiltRequest(http, changes, rewrite)
        body = edit_request(call.body, call.model, model_at=call.model_at)
        return BuiltRequest(post(provider, call.model, _PATH, body))

    def read_answer(self, body: bytes) -> AnswerFacts:
        return read_answer(body)

    def read_tail(self, tail: bytes) -> AnswerFacts:
        return read_tail(tail)
