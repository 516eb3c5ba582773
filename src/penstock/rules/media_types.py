"""The type of a medium by its first bytes. What a server says about it counts for texts only, which
have no mark."""

from typing import Final

from penstock.rules.neutral.conversation import MediaKind

_MARKS: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mp3"),
    (0, b"\xff\xfb", "audio/mp3"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (4, b"ftypqt", "video/mov"),
    (4, b"ftypisom", "video/mp4"),
    (4, b"ftypmp4", "video/mp4"),
)
_TEXTS: Final = frozenset(("text/plain", "text/markdown", "text/csv"))
_KINDS: Final = {
    "image": MediaKind.IMAGE,
    "audio": MediaKind.AUDIO,
    "video": MediaKind.VIDEO,
    "application": MediaKind.DOCUMENT,
    "text": MediaKind.DOCUMENT,
}


def media_type_of(data: bytes, declared: str) -> str:
    """Returns the media type of `data`, empty if it is none that models take. `declared` is the
    content type that its server sent."""
    for at, mark, media_type in _MARKS:
        if data.startswith(mark, at):
            return media_type
    media_type = declared.partition(";")[0].strip().lower()
    return media_type if media_type in _TEXTS and _is_text(data) else ""


def kind_of_type(media_type: str) -> MediaKind:
    """Returns the kind of one of the types of `media_type_of`."""
    return _KINDS[media_type.partition("/")[0]]


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False
