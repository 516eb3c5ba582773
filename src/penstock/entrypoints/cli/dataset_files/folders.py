"""Folders of Hugging Face `datasets`: data files, with their splits from the metadata of
`README.md` or from the names of files. No code of a folder runs.

https://huggingface.co/docs/hub/datasets-data-files-configuration
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import yaml

from penstock.entrypoints.cli.dataset_files.rows import SUFFIXES, FileRow, read_rows
from penstock.kernel.errors import InvalidRequest

_SPLIT: Final = re.compile(r"(?:^|[-_./])(train|test|validation|valid|val|dev|eval)(?=[-_./]|$)")
_HEADER: Final = re.compile(r"\A---\r?\n(.*?)^---\s*$", re.DOTALL | re.MULTILINE)
_MAX_HEADER_CHARS: Final = 1024 * 1024  # of README.md, from its begin; the rest is not read


def read_all(path: Path, config: str = "") -> Iterator[FileRow]:
    """Yields the rows of a file, or of all data files of a folder. Raises `InvalidRequest`."""
    if not path.is_dir():
        yield from read_rows(path)
        return
    for file, split in _data_files(path, config):
        for row in read_rows(file, str(file.relative_to(path))):
            yield row._replace(split=split)


def _data_files(folder: Path, config: str) -> list[tuple[Path, str]]:
    """Returns the data files of a folder, each with its split."""
    found = _declared_files(folder, config) or _named_files(folder)
    if not found:
        raise InvalidRequest(
            f"{folder} has no data files.", hint=f"It needs {', '.join(sorted(SUFFIXES))}."
        )
    return found


def _named_files(folder: Path) -> list[tuple[Path, str]]:
    files = sorted(each for each in folder.rglob("*") if each.suffix.lower() in SUFFIXES)
    return [(each, _split_of(str(each.relative_to(folder)))) for each in files]


def _split_of(name: str) -> str:
    found = _SPLIT.search(name.lower())
    return found[1] if found else ""


def _declared_files(folder: Path, config: str) -> list[tuple[Path, str]]:
    configs = _configs(folder)
    if not configs and not config:
        return []
    chosen = [each for each in configs if not config or each.get("config_name") == config]
    if len(chosen) != 1:
        names = ", ".join(str(each.get("config_name")) for each in configs) or "none"
        raise InvalidRequest(
            f"Choose one configuration of {folder}.", hint=f"Add --config; there are: {names}"
        )
    root = folder.resolve()
    files = list[tuple[Path, str]]()
    for split, pattern in _patterns(chosen[0].get("data_files")):
        for each in sorted(folder.glob(pattern)):
            if each.resolve().is_relative_to(root):
                files.append((each, split))
    return files


def _patterns(declared: Any) -> Iterator[tuple[str, str]]:
    """Yields split and pattern; `data_files` is a pattern, a list of patterns, or a list of splits
    with a path each."""
    for each in cast("list[Any]", declared if isinstance(declared, list) else [declared]):
        entry = cast("dict[str, Any]", each) if isinstance(each, dict) else {"path": each}
        paths = entry.get("path")
        for path in cast("list[Any]", paths if isinstance(paths, list) else [paths]):
            if isinstance(path, str) and path and not Path(path).is_absolute():
                yield str(entry.get("split", "")) or _split_of(path), path


def _configs(folder: Path) -> list[dict[str, Any]]:
    readme = folder / "README.md"
    if not readme.is_file():
        return []
    with readme.open(encoding="utf-8", errors="replace") as file:
        header = _HEADER.match(file.read(_MAX_HEADER_CHARS))
    try:
        declared = yaml.safe_load(header[1]) if header else None
    except yaml.YAMLError as error:
        raise InvalidRequest(f"The metadata of {readme} is not valid YAML: {error}") from error
    document = cast("dict[str, Any]", declared if isinstance(declared, dict) else {})
    configs: Any = document.get("configs")
    listed = cast("list[Any]", configs if isinstance(configs, list) else [])
    return [cast("dict[str, Any]", each) for each in listed if isinstance(each, dict)]
