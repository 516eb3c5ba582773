"""Judges over HTTP: the simulated provider answers in the schema, and measurements come back."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from penstock.rules.evaluation.samples import PeerRelation, Sample, SamplePeer
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.evaluator import JudgeAnswer, JudgeQuestion, JudgeVectors
from plugins.evaluators.measuring import measured

SAMPLE = Sample(
    "a",
    "What is 2+2?",
    "It is 4. Sure.",
    "4",
    ("Two plus two is four.",),
    peers=tuple(SamplePeer(relation, f"other {relation}") for relation in PeerRelation),
)


@dataclass
class OverHttp:
    """Asks a provider with OpenAI's API."""

    client: httpx.AsyncClient

    async def ask(self, question: JudgeQuestion) -> JudgeAnswer:
        schema = {"name": "answer", "schema": question.schema, "strict": True}
        body = {
            "model": question.model,
            "messages": list(question.messages),
            "response_format": {"type": "json_schema", "json_schema": schema},
        }
        answer = (await self.client.post("/v1/chat/completions", json=body)).raise_for_status()
        return JudgeAnswer(answer.json()["choices"][0]["message"]["content"])

    async def embed(self, model: str, texts: tuple[str, ...]) -> JudgeVectors:
        body = {"model": model, "input": list(texts)}
        answer = (await self.client.post("/v1/embeddings", json=body)).raise_for_status()
        return JudgeVectors(tuple(tuple(each["embedding"]) for each in answer.json()["data"]))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = [sys.executable, "-m", "penstock.entrypoints.sim", '{"port": 0}']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"]
        process.terminate()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("rubric", {"criteria": "It is correct."}),
        ("panel", {"criteria": "It is correct.", "others": ["sim-small", "sim-large"]}),
        ("pairwise", {"criteria": "It is correct."}),
        ("toxicity", {}),
        ("consistency", {}),
        ("context_precision", {}),
        ("embedding", {}),
        ("goal_reached", {}),
        ("topic", {"domain": "Arithmetic."}),
    ],
)
async def test_a_provider_that_follows_schemas_is_a_judge(
    kind: str, options: dict[str, Any], address: str
) -> None:
    headers = {"authorization": "Bearer sim"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as client:
        found = await measured(kind, SAMPLE, OverHttp(client), model="sim-fast", **options)
    assert found.state in {ScoreState.SCORED, ScoreState.ABSTAINED}, found.reason
