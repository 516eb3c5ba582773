"""A gateway worker with a policy for tests: a failed first attempt is tried again at `backup`.

`python retrying_worker.py '<GatewayConfig as JSON>'`.
"""

import sys

import msgspec

from penstock.entrypoints.gateway.config import GatewayConfig
from penstock.entrypoints.gateway.extensions import Extensions
from penstock.entrypoints.gateway.process import run
from penstock.gateway.call import Call
from penstock.gateway.credentials import CredentialPools
from penstock.gateway.stages.resolve import Resolve
from penstock.gateway.target import Target
from penstock.infra.registry import Registry
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import SystemClock
from penstock.spi.chat import ChatProvider


class TryBackup:
    """An `AttemptPolicy`."""

    def __init__(self) -> None:
        providers: Registry[ChatProvider] = Registry("penstock.providers")
        self._resolve = Resolve(providers.get, CredentialPools(SystemClock()))

    def __call__(self, call: Call, error: PenstockError) -> Target | None:
        if len(call.attempts) > 1 or call.snapshot is None or call.key_context is None:
            return None
        return self._resolve.find(call.snapshot, call.key_context, "backup/small", "openai")


if __name__ == "__main__":
    config = msgspec.json.decode(sys.argv[1], type=GatewayConfig)
    run(config, Extensions(policy=TryBackup()))
