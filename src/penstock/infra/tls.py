"""TLS by certificate files. A server reads them again when they change; a client on the same
machine trusts the certificate of its own installation by its content, not by its name."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from penstock.kernel.errors import SetupError

RELOAD_S: Final = 1.0  # between two looks at the files
WARN_BEFORE: Final = timedelta(days=14)  # the end of a certificate
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"
_NO_CHECK_TIME: Final = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which `ssl` does not name

_log: Final = logging.getLogger("penstock.tls")
Signature = tuple[tuple[int, int, int], ...]


class CertificateFiles(msgspec.Struct, frozen=True):
    """Paths of PEM files: the certificate with its chain, and the key; without `key` it is in the
    same file. Without `certificate` there is no TLS."""

    certificate: str = ""
    key: str = ""

    def __bool__(self) -> bool:
        return bool(self.certificate)


@dataclass(frozen=True, slots=True)
class LoadedCertificate:
    """A usable pair, and the time at which its certificate ends."""

    context: ssl.SSLContext
    ends_at: datetime


class ServedCertificate:
    """The certificate of a server. `context` is for the listening socket: each handshake gets the
    newest pair; open connections keep theirs. Raises `SetupError` if the pair cannot be used."""

    def __init__(self, files: CertificateFiles, now_s: Callable[[], float]) -> None:
        self._files = files
        self._now_s = now_s
        self._seen = _signature(files)
        self._current = _load(files)
        self.context = _load(files).context
        self.context.sni_callback = self._choose
        self.problem = ""
        self.failure_count = 0

    async def run(self) -> None:
        """Takes changed files, until cancelled."""
        while True:
            await asyncio.sleep(RELOAD_S)
            if self.changed():
                await asyncio.to_thread(self.reload)

    def changed(self) -> bool:
        """Returns whether the files are not those that were read last."""
        return _signature(self._files) != self._seen

    def reload(self) -> None:
        """Reads the files. A pair that cannot be used is reported, and the last one stays."""
        self._seen = _signature(self._files)
        try:
            loaded = _load(self._files)
            if loaded.ends_at <= self._now():
                raise SetupError(f"The certificate in {self._files.certificate} has ended.")
        except SetupError as error:
            self.failure_count += 1
            self.problem = error.sentence()
            _log.warning("The last certificate stays in use. %s", self.problem)
            return
        self._current, self.problem = loaded, ""
        _log.info("New certificate from %s, valid until %s.", self._files.certificate, self._ends())

    def notices(self) -> list[str]:
        """Returns sentences for an operator: a pair that cannot be used, an end that is near."""
        found = [f"The last certificate stays in use. {self.problem}"] if self.problem else []
        if self._current.ends_at - self._now() < WARN_BEFORE:
            found.append(f"The TLS certificate ends at {self._ends()}.")
        return found

    def gauges(self) -> Mapping[str, tuple[str, float]]:
        """Returns name → (help, value)."""
        return {
            "tls_certificate_expiry_timestamp_seconds": (
                "End of the TLS certificate in use, in seconds since 1970.",
                self._current.ends_at.timestamp(),
            ),
            "tls_reload_failures": (
                "Changed certificate files that could not be used, since the start.",
                self.failure_count,
            ),
        }

    def _choose(self, handshake: ssl.SSLObject, name: str | None, front: ssl.SSLContext) -> None:
        del name, front
        handshake.context = self._current.context

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._now_s(), UTC)

    def _ends(self) -> str:
        return self._current.ends_at.isoformat()


class LocalTrust:
    """Makes contexts for connections to this installation. They accept the certificate of a file,
    under every name and at any time, and the one before it while a server has not taken it yet."""

    def __init__(self, certificate: str) -> None:
        self._files = CertificateFiles(certificate)
        self._seen: Signature | None = None
        self._leaves: tuple[str, ...] = ()
        self._context = _trusting(())

    def __call__(self) -> ssl.SSLContext:
        """Returns the context of a new connection; it trusts nothing if there is no file."""
        if (seen := _signature(self._files)) != self._seen:
            self._seen = seen
            leaf = _leaf(self._files.certificate)
            if leaf and leaf not in self._leaves[:1]:
                self._leaves = (leaf, *self._leaves[:1])
            self._context = _trusting(self._leaves)
        return self._context


def local_trust(certificate: str) -> LocalTrust | None:
    """Returns what connections to this installation trust; `None` if it has no certificate."""
    return LocalTrust(certificate) if certificate else None


def _load(files: CertificateFiles) -> LoadedCertificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without the password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(files.certificate, files.key or None, password=lambda: "")
        return LoadedCertificate(context, _ends_at(files.certificate))
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        named = f"{files.certificate} with {files.key}" if files.key else files.certificate
        raise SetupError(
            f"The TLS certificate {named} cannot be used: {_reason(error)}.",
            hint="It needs PEM: the certificate with its chain, and its key without a password.",
        ) from error


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def _ends_at(certificate: str) -> datetime:
    from cryptography.x509 import load_pem_x509_certificate  # lazy: 40 ms, only with TLS

    return load_pem_x509_certificate(_leaf(certificate).encode()).not_valid_after_utc


def _leaf(certificate: str) -> str:
    """The first certificate of a file, which is the server's own; empty if there is none."""
    try:
        text = Path(certificate).read_text("ascii", "replace")
    except OSError:
        return ""
    _, begin, rest = text.partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    return f"{begin}{body}{end}\n" if end else ""


def _signature(files: CertificateFiles) -> Signature:
    """Changes when a file is written or replaced; a missing one has its own value."""
    return tuple(map(_stat, filter(None, (files.certificate, files.key))))


def _stat(path: str) -> tuple[int, int, int]:
    try:
        found = Path(path).stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _trusting(leaves: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # by content: only these certificates are accepted
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    for leaf in leaves:
        context.load_verify_locations(cadata=leaf)
    return context
