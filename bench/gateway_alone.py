"""Penstock's gateway without a server: it reads a prepared snapshot and ships nothing.

Use it to measure a change on the hot path. `bench/penstock.py` measures the whole product.
"""

import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
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
from penstock.rules.snapshot.access import ACCESS, KeyEntry, ProjectSection
from penstock.rules.snapshot.prices import VENDOR_PRICE_LISTS
from penstock.rules.snapshot.providers import PROVIDERS, ProviderEntry, ProvidersSection
from penstock.rules.snapshot.tree import SEALED_PURPOSE, Root, Sealed

KEY: Final = "pk-bench-0123456789abcdef0123456789abcdef"
PROJECT: Final = "prj_bench"
CREDENTIAL: Final = "sec_bench"  # the secret of providers that need one
_PEPPER: Final = bytes(32)
_QUOTA_BYTES: Final = 64 * 2**30


@contextmanager
def gateway_alone(
    bench: Bench, policies: Mapping[str, object] | None = None
) -> Generator[Entry, None, None]:
    """Key check, prices, begin and end records in the durable spool; ships nothing. `policies` are
    further sections of `PROJECT`."""
    providers = canned_providers(bench.providers.base_url)
    log, cores = bench.log("gateway"), bench.cores.gateway
    with gateway_worker(bench.folder, providers, policies, cores=cores, log=log) as (port, pid):
        models = {route: f"{route}/{MODEL}" for route in ROUTES}
        yield Entry(port, pid, OPENAI_PATHS, models, token=KEY)


@contextmanager
def gateway_worker(
    folder: Path,
    providers: Sequence[ProviderEntry],
    policies: Mapping[str, object] | None = None,
    *,
    cores: str,
    log: Path,
) -> Generator[tuple[int, int], None, None]:
    """Runs a worker with a home below `folder`: its port and its process."""
    port = free_port()
    home = folder / f"gateway-{port}"
    (home / "run").mkdir(mode=0o700, parents=True)
    write_snapshot(home, providers, policies)
    config = GatewayConfig(
        home=str(home),
        port=port,
        server_url=f"http://127.0.0.1:{free_port()}",  # nothing listens there
        spool=SpoolLimits(quota_bytes=_QUOTA_BYTES),
        log_level="error",
    )
    command = [sys.executable, "-m", "penstock.entrypoints.gateway"]
    command.append(msgspec.json.encode(config).decode())
    env = {"PYTHONPATH": os.pathsep.join(sys.path)}
    with started(command, cores=cores, log=log, env=env) as process:
        wait_http(f"http://127.0.0.1:{port}/healthz", process, log, patience_s=20)
        yield port, process.pid


def canned_providers(base_url: Callable[[str], str]) -> tuple[ProviderEntry, ...]:
    """The providers that have one answer for each workload."""
    return tuple(
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


def write_snapshot(
    home: Path,
    providers: Sequence[ProviderEntry],
    policies: Mapping[str, object] | None = None,
) -> None:
    """Writes what the server would send. `policies` are further sections of `PROJECT`."""
    key = KeyEntry(id="key_bench", digest=keyed_digest(_PEPPER, KEY), team="bench")
    vendors = {each.vendor for each in providers}
    documents: dict[str, object] = {
        **(policies or {}),
        **{VENDOR_PRICE_LISTS.name(each): PublicPrices().get(each) for each in sorted(vendors)},
        ACCESS.name(PROJECT): ProjectSection(PROJECT, (key,)),
        PROVIDERS.name(PROJECT): ProvidersSection(PROJECT, tuple(providers)),
    }
    root = Root({name: content_hash(document) for name, document in documents.items()})
    token = ensure_secret_file(home / "gateway.token")
    sealed = Sealer(derive_key(token, SEALED_PURPOSE)).seal(
        msgspec.json.encode(Sealed(pepper=_PEPPER.hex(), secrets={CREDENTIAL: "sk-bench"}))
    )
    by_hash = {content_hash(document): canonical_json(document) for document in documents.values()}
    SnapshotFiles(home / "snapshot").save(StoredSnapshot(canonical_json(root), by_hash, sealed))
