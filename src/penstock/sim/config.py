"""The configuration of a simulator process. `controls` has the options of a single request."""

import msgspec

DEFAULT_MODELS = (
    *("sim-small", "sim-large", "sim-reasoner", "sim-embed"),
    *("sim-image", "sim-speech", "sim-transcribe"),
)


class SimConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One simulator process. A latency or speed of 0 means no delay.

    `faults` maps a fault (`"500"`, `"cut"`, …; see `faults.Fault`) to its probability per call.
    `models` is the model list; the simulator answers any other model id, too.
    """

    host: str = "127.0.0.1"
    port: int = 4010  # 0 = any free port
    seed: int = 0
    models: tuple[str, ...] = DEFAULT_MODELS
    latency_ms: float = 0.0  # to the first token
    tokens_per_second: float = 0.0
    tokens: int = 0  # tokens of an answer; 0 = a few sentences
    requests_per_minute: float = 0.0  # per API key; 0 = no limit
    concurrent_calls: int = 0  # of all keys together; 0 = no limit
    faults: dict[str, float] = {}
    log: str = ""  # a file that gets one JSON line per call; "-" = standard error
    recent_calls: int = 10_000  # number of calls that `GET /sim/calls` can return
    body_limit_bytes: int = 64 * 1024 * 1024
