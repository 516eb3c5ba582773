"""Files that a configuration names: read only inside its folder, and never run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.kernel.errors import InvalidRequest

MAX_FILE_BYTES: Final = 16 * 1024 * 1024  # of a file that a configuration names
MAX_FILES: Final = 500  # that one import reads
REFERENCE: Final = "file://"


class RefusedReference(InvalidRequest):
    """A reference that is not followed."""


@dataclass(slots=True)
class ContainedFiles:
    """The files below a folder."""

    folder: Path
    count: int = 0

    def path(self, reference: str, suffixes: tuple[str, ...]) -> Path:
        """Returns the file of a reference, such as `file://tests.csv`. Raises `RefusedReference`
        for one outside of the folder, of another kind, or that is missing or too large."""
        name = reference.removeprefix(REFERENCE)
        suffix = Path(name).suffix.lower()
        if suffix not in suffixes:
            raise RefusedReference(
                f"{name} is not read: only {', '.join(suffixes)} are; code is never run."
            )
        if "*" in name:
            raise RefusedReference(f"{name} is not read: name each file.")
        try:
            folder = self.folder.resolve()
            path = (folder / name).resolve()
        except (OSError, ValueError) as error:
            raise RefusedReference(f"{name} cannot be read: {error}.") from error
        if not path.is_relative_to(folder):
            raise RefusedReference(f"{name} is not read: it is outside of the folder.")
        if not path.is_file():
            raise RefusedReference(f"{name} does not exist.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise RefusedReference(f"{name} is larger than {MAX_FILE_BYTES:,} bytes.")
        self.count += 1
        if self.count > MAX_FILES:
            raise InvalidRequest(f"The configuration names more than {MAX_FILES} files.")
        return path

    def text(self, reference: str, suffixes: tuple[str, ...]) -> str:
        """Returns the text of the file of a reference. Raises `RefusedReference`."""
        path = self.path(reference, suffixes)
        try:
            return path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise RefusedReference(f"{path.name} cannot be read: {error}.") from error


def is_reference(value: object) -> bool:
    """Returns whether a value names a file."""
    return isinstance(value, str) and value.startswith(REFERENCE)
