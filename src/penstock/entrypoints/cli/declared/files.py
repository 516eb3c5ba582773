"""Reads the files of a configuration into declared objects; names each problem with its line."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel, ValidationError

from penstock.entrypoints.cli.declared.located import FilePosition, parse_toml, parse_yaml
from penstock.entrypoints.cli.declared.model import Declared, ObjectKind, Resolve
from penstock.entrypoints.cli.declared.references import resolve_reference
from penstock.infra.registry import Registry
from penstock.kernel.errors import InvalidRequest, PenstockError, SetupError
from penstock.spi.secret_manager import SecretManager

MAX_FILE_BYTES: Final = 8 * 1024 * 1024
MAX_FILES: Final = 1000  # of one folder
MAX_PROBLEMS: Final = 50  # that are shown
_PARSERS: Final[Mapping[str, Callable[[str, str], tuple[object, FilePosition]]]] = {
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
    ".toml": parse_toml,
}
Configuration = dict[str, list[Declared]]
"""The declared objects by the key of their kind; a kind that no file names is missing."""


def read_files(paths: Sequence[Path], kinds: Sequence[ObjectKind]) -> Configuration:
    """Returns what all files declare. Raises `SetupError` for a file that cannot be read,
    `InvalidRequest` with all problems, one in a line."""
    found: Configuration = {}
    problems: list[str] = []
    managers: Registry[SecretManager] = Registry("penstock.secrets")
    for file in [file for path in paths for file in _files(path)]:
        try:
            value, place = _PARSERS[file.suffix](_text(file), str(file))
        except InvalidRequest as error:
            problems.append(error.message)
            continue
        resolve = partial(resolve_reference, folder=file.parent, managers=managers)
        for kind, item, at in _items(value, place, kinds, problems, found):
            try:
                found[kind.key].append(declare(kind, item, at, resolve))
            except InvalidRequest as error:
                problems.extend(error.message.splitlines())
    problems += _twice(found)
    raise_problems(problems)
    return found


def raise_problems(problems: Sequence[str]) -> None:
    """Raises `InvalidRequest` with the problems, if there are any."""
    if problems:
        left = len(problems) - MAX_PROBLEMS
        more = [f"… and {left} more."] if left > 0 else []
        raise InvalidRequest("\n".join([*problems[:MAX_PROBLEMS], *more]))


def declare(kind: ObjectKind, item: object, place: FilePosition, resolve: Resolve) -> Declared:
    """Returns a declared object. Raises `InvalidRequest` with all its problems, one in a line; the
    texts never contain values of the file, which might be secrets."""
    try:
        return kind.declare(kind.body.model_validate(item), place, resolve)
    except ValidationError as error:
        fields = _fields(kind.body)
        lines = [_problem(each, place, fields) for each in error.errors(include_url=False)]
        raise InvalidRequest("\n".join(lines)) from None
    except PenstockError as error:
        raise located(error, place) from None


def located(error: PenstockError, place: FilePosition) -> InvalidRequest:
    """Returns the error with the line of the field that it is about."""
    path = [int(part) if part.isdigit() else part for part in (error.param or "").split(".")]
    return InvalidRequest(f"{place.at(*path)}: {error.sentence()}", code=error.code)


def _files(path: Path) -> list[Path]:
    path = path.expanduser()
    if not path.is_dir():
        if path.suffix not in _PARSERS:
            raise SetupError(f"{path} is neither YAML nor TOML by its name.")
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix in _PARSERS and file.is_file())
    if not found or len(found) > MAX_FILES:
        raise SetupError(f"{path} has {len(found)} files of YAML or TOML: use 1 to {MAX_FILES}.")
    return found


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise SetupError(f"{file} is larger than {MAX_FILE_BYTES} bytes.")
        return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{file} cannot be read: {error}.") from error


def _items(
    value: object,
    place: FilePosition,
    kinds: Sequence[ObjectKind],
    problems: list[str],
    found: Configuration,
) -> Iterator[tuple[ObjectKind, object, FilePosition]]:
    """The elements of the lists of a file. Notes each kind that it names in `found`."""
    by_key = {kind.key: kind for kind in kinds}
    if value is not None and not isinstance(value, dict):
        problems.append(f"{place.at()}: a file has the lists {', '.join(by_key)}.")
        return
    for key, items in cast("dict[str, object]", value or {}).items():
        at = place.at(key)
        if (kind := by_key.get(key)) is None:
            problems.append(f"{at}: {_unknown(key, list(by_key))}")
        elif items is not None and not isinstance(items, list):
            problems.append(f"{at}: {key!r} must be a list.")
        else:
            found.setdefault(key, [])
            for number, item in enumerate(cast("list[object]", items or [])):
                yield kind, item, at.at(number)


def _problem(error: Any, place: FilePosition, fields: Sequence[str]) -> str:
    path: tuple[str | int, ...] = error["loc"]
    at, last = place.at(*path), str(path[-1]) if path else ""
    match error["type"]:
        case "extra_forbidden":
            return f"{at}: {_unknown(last, fields)}"
        case "missing":
            return f"{at}: the field {last!r} is missing."
        case _:
            message = str(error["msg"]).removeprefix("Value error, ")
            named = f"{'.'.join(map(str, path))}: " if path else ""
            return f"{at}: {named}{message[:1].lower()}{message[1:]}."


def _unknown(name: str, known: Sequence[str]) -> str:
    similar = get_close_matches(name, known, n=1)
    hint = f"did you mean {similar[0]!r}?" if similar else f"known: {', '.join(known)}."
    return f"there is no field {name[:80]!r}; {hint}"


def _fields(body: type[BaseModel]) -> list[str]:
    schema: dict[str, Any] = body.model_json_schema()
    parts: list[dict[str, Any]] = [schema, *schema.get("$defs", {}).values()]
    return list(dict.fromkeys(name for part in parts for name in part.get("properties", {})))


def _twice(found: Configuration) -> list[str]:
    problems: list[str] = []
    for declared in found.values():
        first: dict[str, FilePosition] = {}
        for each in declared:
            other = first.setdefault(each.name, each.place)
            if other is not each.place:
                problems.append(f"{each.place}: {each.name!r} is declared at {other}, too.")
    return problems
