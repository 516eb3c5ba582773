"""Searches bytes for secrets in every usual encoding. Shares no code with `rules/redaction`."""

import base64
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from urllib.parse import quote


class SecretSearch:
    """Finds the names of secrets in bytes: as they are, in UTF-16, base64 at any offset, hex,
    percent-encoding, escapes of JSON, Python and HTML; also in gzip, zlib and zip files."""

    def __init__(self, secrets: Mapping[str, bytes]) -> None:
        self._forms = {name: tuple(set(forms(secret))) for name, secret in secrets.items()}

    def found_in(self, data: bytes) -> set[str]:
        """Returns the names of the secrets that are in `data`."""
        return {
            name
            for content in contents(data)
            for name, wanted in self._forms.items()
            if any(form in content for form in wanted)
        }


def forms(secret: bytes) -> Iterator[bytes]:
    """Yields the byte strings that a copy of the secret may be."""
    text = secret.decode("latin-1")
    yield secret
    yield text.encode("utf-16-le")
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield from _base64_forms(secret)
    yield quote(secret, safe="").encode()
    yield json.dumps(text)[1:-1].encode()
    for pattern in ("%{:02x}", "%{:02X}", "\\u{:04x}", "\\u{:04X}", "\\x{:02x}", "&#{};"):
        yield "".join(map(pattern.format, secret)).encode()
    yield "".join(f"&#x{byte:x};" for byte in secret).encode()


def _base64_forms(secret: bytes) -> Iterator[bytes]:
    """The digits that depend on the secret alone, whatever stands before and after it."""
    for before in range(3):
        first = (0, 2, 3)[before]
        last = (before + len(secret)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + secret)[first:last]


def contents(data: bytes) -> Iterator[bytes]:
    """Yields the data, and what is packed in it."""
    yield data
    if data[:2] == b"\x1f\x8b":
        yield from contents(gzip.decompress(data))
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from contents(archive.read(name))
    elif data[:1] == b"\x78":
        try:
            yield from contents(zlib.decompress(data))
        except zlib.error:
            return
