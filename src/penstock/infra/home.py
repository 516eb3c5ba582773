"""The files of a home. Every path in a home is named here, and nowhere else."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of an installation."""

    path: Path

    @property
    def settings(self) -> Path:
        """The settings of the user."""
        return self.path / "penstock.toml"

    @property
    def lock(self) -> Path:
        """Locked by the process that runs the installation; see `home_lock`."""
        return self.path / "lock"

    @property
    def bootstrap(self) -> Path:
        """The credentials of the first start."""
        return self.path / "bootstrap.json"

    @property
    def master_key(self) -> Path:
        """The key that encrypts secrets in the database."""
        return self.path / "master.key"

    @property
    def gateway_token(self) -> Path:
        """The secret that server and gateways share."""
        return self.path / "gateway.token"

    @property
    def metrics_token(self) -> Path:
        """The token for the full `/metrics`, derived from the gateway token."""
        return self.path / "metrics.token"

    @property
    def secret_values(self) -> Path:
        """The last values of secrets managers, encrypted."""
        return self.path / "secret.values"

    @property
    def audit_heads(self) -> Path:
        """The checkpoint of the audit chains."""
        return self.path / "audit.heads"

    @property
    def uploads(self) -> Path:
        """Uploads on their way through a gateway: files without names."""
        return self.path / "uploads"

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.path / "penstock.db"

    @property
    def columns(self) -> Path:
        """The embedded column store."""
        return self.path / "columns"

    @property
    def snapshot(self) -> Path:
        """The last valid snapshot of the gateways: a `SnapshotFolder`."""
        return self.path / "snapshot"

    @property
    def spool(self) -> Path:
        """The call records that are not stored yet, and the quarantine."""
        return self.path / "spool"

    @property
    def counters(self) -> Path:
        """The amounts that limits and budgets have used: the file of `infra.counters`."""
        return self.path / "counters"

    @property
    def cache(self) -> Path:
        """The cached answers of the gateways: the files of `infra.answers`."""
        return self.path / "cache"

    @property
    def targets(self) -> Path:
        """The state of targets, for all gateway workers: `infra.breaker_file`, `slot_file`."""
        return self.path / "targets"

    @property
    def run(self) -> Path:
        """The metrics pages of the running gateway workers."""
        return self.path / "run"

    @property
    def work_wanted(self) -> Path:
        """Exists while there are jobs to work on: `infra.jobs.wanted`."""
        return self.path / "work.wanted"

    @property
    def worker_name(self) -> Path:
        """The name of the worker of this home; locked while it runs."""
        return self.path / "worker.name"

    @property
    def backups(self) -> Path:
        """The backups that the server writes."""
        return self.path / "backups"

    @property
    def restoring(self) -> Path:
        """A backup of the column store while it is being restored."""
        return self.path / "restoring"

    @property
    def kept(self) -> tuple[Path, ...]:
        """The files that a reset keeps, and that an empty home may have."""
        return (self.backups, self.lock, self.settings)

    @property
    def backed_up(self) -> tuple[Path, ...]:
        """The files that a backup copies besides the stores; the audit checkpoint is first."""
        return (
            self.audit_heads,
            self.bootstrap,
            self.gateway_token,
            self.master_key,
            self.settings,
        )

    @property
    def data(self) -> tuple[Path, ...]:
        """The files that a reset deletes: all data of the installation."""
        database = self.database
        return (
            self.audit_heads,
            lock_of(self.audit_heads),
            self.bootstrap,
            self.cache,
            self.columns,
            self.counters,
            self.gateway_token,
            self.master_key,
            self.metrics_token,
            database,
            database.with_name(f"{database.name}-shm"),
            database.with_name(f"{database.name}-wal"),
            self.restoring,
            self.run,
            self.secret_values,
            self.snapshot,
            self.spool,
            self.targets,
            self.uploads,
            self.work_wanted,
            self.worker_name,
        )


@dataclass(frozen=True, slots=True)
class SnapshotFolder:
    """The folder of a stored snapshot."""

    path: Path

    @property
    def root(self) -> Path:
        """The root; written last."""
        return self.path / "root.json"

    @property
    def sealed(self) -> Path:
        """The encrypted secrets."""
        return self.path / "sealed.bin"

    @property
    def sections(self) -> Path:
        """The sections, each named by its content hash."""
        return self.path / "sections"


def lock_of(file: Path) -> Path:
    """The lock file beside a file that several processes change."""
    return file.with_name(f"{file.name}.lock")
