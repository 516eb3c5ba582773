"""Penstock's gateway without a server: it reads a prepared snapshot and ships nothing.

Use it to measure a change on the hot path. `bench/penstock.py` measures the whole product.
"""

import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from bench.contenders import OPENAI_PATHS, ROUTES, Bench, Entry
from bench.process import free_port, started, wait_http
from bench.workloads import MODEL
from penstock.entrypoints.gateway.config import GatewayConfig
from penstock.features.catalog.public_prices import PublicPrices
from penstock.gateway.snapshot.files import SnapshotFiles, StoredSnapshot
from penstock.infra.crypto import Sealer, derive_key, ensure_secret_file, keyed_digest
from penstock.infra.spool.policy import SpoolLimits
from penstock.kernel.digests import canonical_json, content_hash
from penstock.rules.snapshot import (
    ACCESS,
    PROVIDERS,
    SEALED_PURPOSE,
    VENDOR_PRICE_LISTS,
    KeyEntry,
    ProjectSection,
    ProviderEntry,
    ProvidersSection,
    Root,
    Sealed,
)

KEY: Final = "pk-bench-0123456789abcdef0123456789abcdef"
PROJECT: Final = "prj_bench"
_PEPPER: Final = bytes(32)
_QUOTA_BYTES: Final = 64 * 2**30


@contextmanager
def gateway_alone(
    bench: Bench, policies: Mapping[str, object] | None = None
) -> Generator[Entry, None, None]:
    """Key check, prices, begin and end records in the durable spool; ships nothing. `policies` are
    further sections of `PROJECT`."""
    home, port = bench.folder / f"gateway-{free_port()}", free_port()
    (home / "run").mkdir(mode=0o700, parents=True)
    write_snapshot(home, bench.providers.base_url, policies)
    config = GatewayConfig(
        home=str(home),
        port=port,
        server_url=f"http://127.0.0.1:{free_port()}",  # nothing listens there
        spool=SpoolLimits(quota_bytes=_QUOTA_BYTES),
        log_level="error",
    )
    command = [sys.executable, "-m", "penstock.entrypoints.gateway"]
    command.append(msgspec.json.encode(config).decode())
    log, env = bench.log("gateway"), {"PYTHONPATH": os.pathsep.join(sys.path)}
    with started(command, cores=bench.cores.gateway, log=log, env=env) as process:
        wait_http(f"http://127.0.0.1:{port}/healthz", process, log, patience_s=20)
        models = {route: f"{route}/{MODEL}" for route in ROUTES}
        yield Entry(port, process.pid, OPENAI_PATHS, models, token=KEY)


def write_snapshot(
    home: Path, base_url: Callable[[str], str], policies: Mapping[str, object] | None = None
) -> None:
    """Writes what the server would send. `policies` are further sections of `PROJECT`."""
    prices = PublicPrices().get("openai")
    key = KeyEntry(id="key_bench", digest=keyed_digest(_PEPPER, KEY), team="bench")
    providers = tuple(
        ProviderEntry(
            name=route,
            kind="openai-compatible",
            base_url=base_url(route),
            models=(MODEL,),
            private_allowed=True,
            vendor="openai",
        )
        for route in ROUTES
    )
    documents: dict[str, object] = {
        **(policies or {}),
        VENDOR_PRICE_LISTS.name("openai"): prices,
        ACCESS.name(PROJECT): ProjectSection(PROJECT, (key,)),
        PROVIDERS.name(PROJECT): ProvidersSection(PROJECT, providers),
    }
    root = Root({name: content_hash(document) for name, document in documents.items()})
    token = ensure_secret_file(home / "gateway.token")
    sealed = Sealer(derive_key(token, SEALED_PURPOSE)).seal(
        msgspec.json.encode(Sealed(pepper=_PEPPER.hex()))
    )
    by_hash = {content_hash(document): canonical_json(document) for document in documents.values()}
    SnapshotFiles(home / "snapshot").save(StoredSnapshot(canonical_json(root), by_hash, sealed))
