"""Classifications of vLLM, SGLang, Hugging Face's endpoints and Text Embeddings Inference;
`openai_compatible` chooses it. The quirk `classify` names the format."""

from urllib.parse import quote

from penstock.plugins.providers.openai_api import OpenAIApi, at_root, post
from penstock.plugins.providers.whole_answers import WholeAnswers
from penstock.rules.neutral.answer import AnswerFacts
from penstock.rules.wire.classification import DIALECT, write_huggingface, write_tei, write_vllm
from penstock.rules.wire.openai.facts import facts_in_tail, read_answer
from penstock.spi.chat import BuiltRequest, OutgoingCall, ProviderConfig


class OpenAIClassify(WholeAnswers, OpenAIApi):
    """`spi.chat.ChatProvider`."""

    dialect = DIALECT

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        model = call.model
        match provider.quirks.get("classify"):
            case "huggingface":
                body, changes, rewrite = write_huggingface(call.body, model)
                http = post(provider, model, _pipeline_path(provider, model), body)
            case "tei":
                body, changes, rewrite = write_tei(call.body, model)
                http = post(at_root(provider), model, "/predict", body)
            case format_:
                body, changes, rewrite = write_vllm(call.body, model, call.model_at)
                server = at_root(provider) if format_ == "vllm" else provider
                http = post(server, model, "/classify", body)
        return BuiltRequest(http, changes, rewrite)

    def read_answer(self, body: bytes) -> AnswerFacts:
        return read_answer(body)

    def read_tail(self, tail: bytes) -> AnswerFacts:
        return facts_in_tail(tail)


def _pipeline_path(provider: ProviderConfig, model: str) -> str:
    """An endpoint is one model; an address that ends in `/models` has all of them."""
    return f"/{quote(model)}" if provider.base_url.rstrip("/").endswith("/models") else ""
