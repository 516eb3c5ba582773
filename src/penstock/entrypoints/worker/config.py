"""The configuration of the worker process. Secrets are in the home."""

from pathlib import Path

import msgspec


class WorkerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`database_url`: empty = the database in the home. `idle_s`: it ends after so long without
    work; null = never."""

    home: str
    database_url: str = ""
    gateway_url: str = "http://127.0.0.1:4000"
    gateway_certificate: str = ""  # file with the certificate of a gateway on this machine
    sandbox_command: str = ""  # for the tests of generated code; empty: it never runs
    sandbox_timeout_s: float = 20.0
    libraries_python: str = ""  # has the libraries of evaluators; empty: the Python of this process
    ray_address: str = ""  # of the Ray cluster that does evaluation runs; empty: this process
    idle_s: float | None = 30.0
    log_level: str = "info"

    @property
    def home_path(self) -> Path:
        """Returns the home as an absolute path."""
        return Path(self.home).expanduser().absolute()
