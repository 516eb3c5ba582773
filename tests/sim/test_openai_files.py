"""Files and batches of the simulator: the types of the official client, and its errors."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from openai import APIStatusError, OpenAI
from openai.types import Batch, FileObject

from sim.conftest import Sim
from sim.test_openai_media import fits

URL = "/v1/embeddings"
BODY = {"model": "sim-embed", "input": "water"}
ASKED: Any = {"endpoint": URL, "completion_window": "24h"}


@pytest.fixture
def client(sim: Sim) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{sim.address}/v1", api_key="sk-any", max_retries=0) as client:
        yield client


def upload(client: OpenAI, *bodies: Any, purpose: Any = "batch", url: str = URL) -> FileObject:
    rows = [
        {"custom_id": str(number), "method": "POST", "url": url, "body": body}
        for number, body in enumerate(bodies)
    ]
    content = "".join(json.dumps(row) + "\n" for row in rows)
    return client.files.create(file=("rows.jsonl", content.encode()), purpose=purpose)


def code_of(call: Any) -> int:
    with pytest.raises(APIStatusError) as raised:
        call()
    return raised.value.status_code


def complete(client: OpenAI, batch: Batch) -> Batch:
    deadline = time.monotonic() + 10
    while batch.status == "in_progress" and time.monotonic() < deadline:
        time.sleep(0.1)
        batch = client.batches.retrieve(batch.id)
    return batch


def test_documents_have_the_types_of_the_client(client: OpenAI) -> None:
    file = upload(client, BODY, {**BODY, "dimensions": -1})
    assert fits(FileObject, file.to_dict())
    batch = complete(client, client.batches.create(input_file_id=file.id, **ASKED))
    assert fits(Batch, batch.to_dict())
    assert batch.request_counts is not None
    assert (batch.request_counts.completed, batch.request_counts.failed) == (1, 1)
    (row,) = client.files.content(batch.output_file_id or "").text.splitlines()
    answer = json.loads(row)
    assert (answer["custom_id"], answer["response"]["status_code"]) == ("0", 200)
    assert len(answer["response"]["body"]["data"][0]["embedding"]) == 256
    assert "dimensions" in client.files.content(batch.error_file_id or "").text
    assert batch.id in [one.id for one in client.batches.list().data]
    assert file.id in [one.id for one in client.files.list().data]


def test_a_file_is_removed_and_a_batch_cancelled_once(client: OpenAI) -> None:
    file = upload(client, BODY)
    batch = client.batches.create(input_file_id=file.id, **ASKED)
    assert client.batches.cancel(batch.id).status == "cancelled"
    assert code_of(lambda: client.batches.cancel(batch.id)) == 409
    assert client.files.delete(file.id).deleted
    assert code_of(lambda: client.files.delete(file.id)) == 404


def test_wrong_requests_are_rejected(client: OpenAI) -> None:
    other = upload(client, BODY, purpose="user_data")
    assert code_of(lambda: client.batches.create(input_file_id=other.id, **ASKED)) == 400
    assert code_of(lambda: client.batches.create(input_file_id="file-0", **ASKED)) == 404
    assert code_of(lambda: client.batches.retrieve("batch_0")) == 404
    assert code_of(lambda: upload(client, BODY, purpose="nothing")) == 400
    assert code_of(lambda: client.files.content("file-0")) == 404
