"""Features that came later, with their secrets: managers of clouds, client tokens, webhooks, files,
datasets of recorded calls, endpoints of evaluation runs."""

import base64

from drills.secret_world import MARK, Reply, SecretWorld, planted

FILE_TEXT = "file content"


def cloud_variables(world: SecretWorld) -> dict[str, str]:
    """Returns what configures Google Cloud Secret Manager and Azure Key Vault."""
    return {
        "GOOGLE_OAUTH_ACCESS_TOKEN": world.plant("google access token"),
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": world.provider.url,
        "AZURE_KEY_VAULT_URI": world.provider.url,
        "AZURE_AUTHORITY_HOST": world.provider.url,
        "AZURE_TENANT_ID": "acme.example.com",
        "AZURE_CLIENT_ID": "client-1",
        "AZURE_CLIENT_SECRET": world.plant("azure client secret"),
    }


def use_further_features(world: SecretWorld, base: str) -> None:
    """Adds a webhook with a secret of ours and one with a made one, both to the leaking server."""
    own = "whsec_" + base64.b64encode(planted("webhook secret").encode()).decode()
    world.secrets["webhook secret"] = planted("webhook secret").encode()
    url = f"{world.provider.url}/hook"
    given = {"url": f"{url}/given", "secret": own, "private_allowed": True}
    world.rest("POST", f"{base}/webhooks", given)
    made = world.rest("POST", f"{base}/webhooks", {"url": f"{url}/made", "private_allowed": True})
    secret = made.json()["secret"].removeprefix("whsec_")
    world.secrets["made webhook secret"] = base64.b64decode(secret)
    world.found("made webhook secret as text", secret)
    refused = {"url": f"{url}/refused", "secret": f"whsec_{world.plant('wrong webhook secret')}"}
    world.rest("POST", f"{base}/webhooks", {**refused, "private_allowed": True}, status=400)


def call_with_client_tokens(world: SecretWorld) -> list[Reply]:
    """Calls with client tokens: a good one, one in a text, a changed one, and a revoked one."""
    wanted = {"use_case": "support", "user": "ada"}
    made = world.call(wanted, path="/v1/client_tokens").json()
    other = world.call(wanted, path="/v1/client_tokens").json()
    token = world.found("client token", made["token"])
    revoked = world.found("revoked client token", other["token"])
    installation = world.installation
    assert revoked not in installation.run("key", "client-token", "revoke", revoked)
    ask = {"model": f"{MARK}/small", "messages": [{"role": "user", "content": f"{MARK} {token}"}]}
    installation.wait_for(lambda: _status(world, ask, revoked) == 401)
    return [
        world.call(ask, authorization=f"Bearer {token}"),
        world.call(ask, authorization=f"Bearer {token}x"),
        world.call({**ask, "stream": True}, x_api_key=revoked),
        world.call(wanted, path="/v1/client_tokens", authorization=f"Bearer {token}"),
    ]


def _status(world: SecretWorld, ask: dict[str, object], token: str) -> int:
    return world.call(ask, authorization=f"Bearer {token}").status


def upload_files(world: SecretWorld) -> list[Reply]:
    """Uploads a file to a provider that says its key, and files that no provider gets."""
    content = world.plant(FILE_TEXT)
    replies: list[Reply] = []
    for purpose, provider in (("user_data", MARK), ("batch", MARK), ("user_data", "nobody")):
        fields = (
            '--line\r\ncontent-disposition: form-data; name="purpose"\r\n\r\n'
            f"{purpose}\r\n"
            '--line\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
            f"{content}\r\n--line--\r\n"
        )
        headers = {
            "authorization": f"Bearer {world.installation.gateway_key}",
            "content-type": "multipart/form-data; boundary=line",
            "x-penstock-provider": provider,
        }
        replies.append(world.send("gateway", "POST", "/v1/files", fields.encode(), headers))
    assert [each.status for each in replies][1:] == [400, 404], replies
    return replies


def keep_calls(world: SecretWorld, base: str) -> dict[str, bytes]:
    """Makes a dataset of the recorded calls and measures an endpoint with it, which says the secret
    of its header. Returns what both show, by place."""
    world.rest("POST", f"{base}/datasets", {"name": MARK})
    chosen = {"filter": {"text": MARK, "limit": 50}, "keep_output": True}
    world.rest("POST", f"{base}/datasets/{MARK}/from-traces", chosen)
    endpoint = {
        "url": f"{world.provider.url}/application",
        "header": "X-Token",
        "secret": world.plant("endpoint secret"),
        "private_allowed": True,
    }
    evaluators = [{"name": "equals", "kind": "equals"}]
    run = {"dataset": MARK, "target": {"endpoint": endpoint}, "evaluators": evaluators}
    run_id = world.rest("POST", f"{base}/evaluations", run).json()["id"]
    path = f"{base}/evaluations/{run_id}"
    world.installation.wait_for(lambda: _has_ended(world, path))
    return {
        "export of a dataset": world.rest("GET", f"{base}/datasets/{MARK}/export").body,
        "items of a dataset": world.rest("GET", f"{base}/datasets/{MARK}/items").body,
        "an evaluation run": world.rest("GET", path).body,
        "results of a run": world.rest("GET", f"{path}/results?limit=100").body,
    }


def _has_ended(world: SecretWorld, path: str) -> bool:
    return world.rest("GET", path).json()["state"] not in {"queued", "running"}
