"""Models that judge, asked through the gateway within the caps of a run."""

from hashlib import sha256
from typing import Any, Final

import msgspec

from penstock.features.evaluations.work.calls import CHAT, GatewayAnswer, RunCalls, answer_of
from penstock.features.evaluations.work.spending import RunSpending
from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import UpstreamFailed
from penstock.rules.tags import HEADER
from penstock.spi.evaluator import JudgeAnswer, JudgeQuestion, JudgeVectors

_EMBEDDINGS: Final = "/v1/embeddings"
_DIGITS: Final = 48


class _Embedding(msgspec.Struct):
    embedding: tuple[float, ...]
    index: int = 0


class _Embeddings(msgspec.Struct):
    data: list[_Embedding]


class GatewayJudges:
    """`spi.evaluator.JudgeModels`. The same question gets its answer of the last 24 hours, free of
    charge: its idempotency key is the digest of the question with its repeat."""

    def __init__(self, calls: RunCalls, origin: str, spending: RunSpending) -> None:
        """`origin` is a tag of the calls: `eval_run=<id>`."""
        self._calls = calls
        self._origin = origin
        self._spending = spending

    async def ask(self, question: JudgeQuestion) -> JudgeAnswer:
        """Returns the answer of a model. Raises `PenstockError` without one, or at the cost cap."""
        body: dict[str, Any] = {
            "model": question.model,
            "messages": list(question.messages),
            "max_tokens": question.max_output_tokens,
        }
        if question.schema is not None:
            schema = {"name": "answer", "schema": question.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        whole = await self._asked(body, question.repeat)
        return JudgeAnswer(answer_of(whole[0]).output, whole[1])

    async def embed(self, model: str, texts: tuple[str, ...]) -> JudgeVectors:
        """Returns one vector per text. Raises `PenstockError` likewise."""
        whole, cost = await self._asked({"model": model, "input": list(texts)}, 0, _EMBEDDINGS)
        try:
            found = msgspec.json.decode(whole.body, type=_Embeddings).data
        except msgspec.MsgspecError as error:
            raise UpstreamFailed(f"The embeddings cannot be read: {error}.") from error
        ordered = sorted(found, key=lambda each: each.index)
        if len(ordered) != len(texts):
            raise UpstreamFailed(f"{len(texts)} texts got {len(ordered)} embeddings.")
        return JudgeVectors(tuple(each.embedding for each in ordered), cost)

    async def _asked(
        self, body: dict[str, Any], repeat: int, path: str = CHAT
    ) -> tuple[GatewayAnswer, float]:
        """Returns an answer with what it has cost now."""
        content = canonical_json(body)
        key = sha256(content + b"\0%d" % repeat).hexdigest()[:_DIGITS]
        headers = {
            "idempotency-key": f"judge-{key}",
            HEADER: f"{self._origin},eval_judge=1",
        }
        async with self._spending.reserved():
            whole = await self._calls.ask(content, headers, path)
            cost = 0.0 if whole.from_cache else whole.cost_usd or 0.0
            self._spending.add(cost)
        return whole, cost
