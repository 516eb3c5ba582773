"""Makes a batch, so that its page has something to show."""

import json
from io import BytesIO

from openai import NotFoundError, OpenAI

from installation import Installation, wait_until


def create_batch(installation: Installation, requests: int = 3) -> str:
    """Makes a batch of chats at the simulator and waits until the server lists it."""
    project = f"/api/v1/projects/{installation.get('/api/v1/session')['project_id']}"
    installation.post(f"{project}/providers/sim", {"quirks": {"files": "yes"}}, "PATCH")
    client = OpenAI(
        base_url=f"{installation.gateway}/v1", api_key=installation.gateway_key, max_retries=0
    )
    messages = [{"role": "user", "content": "Hello!"}]
    lines = [
        {
            "custom_id": f"r{at}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "sim-small", "messages": messages},
        }
        for at in range(requests)
    ]
    text = "\n".join(map(json.dumps, lines)).encode()
    wait_until(lambda: takes_files(client))
    file = client.files.create(file=("requests.jsonl", BytesIO(text)), purpose="batch")
    made = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    wait_until(lambda: installation.get(f"{project}/batches")["items"])
    return made.id


def takes_files(client: OpenAI) -> bool:
    """Whether the gateway knows a provider that takes files: within a second."""
    try:
        client.files.create(file=("a.txt", BytesIO(b"a")), purpose="user_data")
    except NotFoundError:
        return False
    return True
