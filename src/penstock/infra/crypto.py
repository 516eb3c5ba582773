"""Cryptography: derived keys, sealing, keyed digests, password hashes, secret files.

Every purpose has its own key, derived by name from one secret: a leaked key affects one purpose.
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from penstock.kernel.errors import SetupError

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
PASSWORD_COST: Final = 2**15  # scrypt's N; with r = 8: 32 MiB and a tenth of a second
_SCRYPT_R, _SCRYPT_P = 8, 1
_SCRYPT_MAX_MEMORY: Final = 64 * 1024 * 1024


HASHED: Final = ".sha256"  # the end of a `hashed_key_digest`


class SealBroken(ValueError):
    """The data was not sealed with this key, or was changed."""


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Returns 32 bytes: HKDF-SHA-256 (RFC 5869, empty salt) of `secret` for one `purpose`."""
    extracted = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")


def keyed_digest(key: bytes, value: str) -> str:
    """Returns HMAC-SHA-256 in hex, which is stored and compared instead of a secret."""
    return hmac.digest(key, value.encode(), "sha256").hex()


def hashed_key_digest(key: bytes, sha256_hex: str) -> str:
    """Returns what is stored for a secret of which only the SHA-256 is known. It differs from every
    `keyed_digest`, so that nobody gets in with the hash itself."""
    return f"{keyed_digest(key, sha256_hex)}{HASHED}"


class Sealer:
    """Authenticated encryption (AES-256-GCM) under one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, context: bytes = b"") -> bytes:
        """Returns `nonce(12) ‖ ciphertext`; it opens only with the same `context`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes = b"") -> bytes:
        """Inverts `seal`. Raises `SealBroken` for any other data."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("The data was not sealed with this key, or was changed.") from error


def hash_password(password: str, salt: bytes, *, cost: int = PASSWORD_COST) -> str:
    """Returns `scrypt$n$r$p$salt$hash` in base64; slow by design. `salt`: 16 random bytes."""
    digest = _scrypt(password, salt, cost, _SCRYPT_R, _SCRYPT_P)
    numbers = f"{cost}${_SCRYPT_R}${_SCRYPT_P}"
    return f"scrypt${numbers}${_encode(salt)}${_encode(digest)}"


def password_matches(password: str, stored: str) -> bool:
    """Returns whether `stored` is a hash of this password; compares in constant time."""
    _, n, r, p, salt, digest = stored.split("$")
    found = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, base64.b64decode(digest))


def ensure_secret_file(path: Path) -> bytes:
    """Returns the 32 random bytes in `path` (hex, mode 0600); creates the file if it is missing.

    Raises `SetupError` if the file is damaged or cannot be read.
    """
    try:
        return _read_secret(path)
    except FileNotFoundError:
        write_private(path, secrets.token_hex(_KEY_BYTES).encode() + b"\n")
        return _read_secret(path)


def write_private(path: Path, content: bytes) -> None:
    """Replaces `path` atomically by a synced file that only its owner can read (0600)."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read_secret(path: Path) -> bytes:
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise SetupError(
            f"The secret file {path} cannot be read: {error}.",
            hint="Restore it from a backup; without it, encrypted data cannot be decrypted.",
        ) from error
    if len(secret) != _KEY_BYTES:
        raise SetupError(
            f"The secret file {path} must contain 64 hex digits.",
            hint="Restore it from a backup; without it, encrypted data cannot be decrypted.",
        )
    return secret


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_SCRYPT_MAX_MEMORY, dklen=32
    )


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()
