"""Loads the settings. Only this module reads environment variables.

Flags override `PENSTOCK_…` variables, these override `HOME/penstock.toml`, that overrides the
defaults. `entrypoints/up` derives the config of each process from the settings.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel, ValidationError

from penstock.infra.home import Home
from penstock.infra.settings_tree import Section, Settings
from penstock.kernel.errors import SetupError

PREFIX: Final = "PENSTOCK_"
DELIMITER: Final = "__"
KEY_PREFIX: Final = "pk_"  # of the keys that Penstock issues
# Kubernetes sets these for a service named penstock; they are not settings.
_FOREIGN: Final = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP)")


@dataclass(frozen=True)
class Setting:
    """One setting: `key` is dotted, as in TOML; `variable` is its environment variable."""

    key: str
    default: object
    description: str

    @property
    def variable(self) -> str:
        return PREFIX + self.key.upper().replace(".", DELIMITER)


@dataclass(frozen=True)
class Loaded:
    """The settings in effect, and the origin of each key that was set."""

    settings: Settings
    origins: Mapping[str, str]


def every_setting(section: type[BaseModel] = Settings, prefix: str = "") -> Iterator[Setting]:
    """Yields all settings in the order of the tree."""
    for name, field in section.model_fields.items():
        if isinstance(field.default, Section):
            yield from every_setting(type(field.default), f"{prefix}{name}.")
        else:
            yield Setting(prefix + name, field.default, field.description or "")


def load(flags: Mapping[str, object] | None = None) -> Loaded:
    """Loads the settings; `flags` maps dotted keys to the values of the command line.

    Raises `SetupError` with the origin of an invalid setting.
    """
    chosen = {key: value for key, value in (flags or {}).items() if value is not None}
    variables = _from_environment(os.environ)
    home = Path(str(chosen.get("home", variables.get("home", Settings().home)))).expanduser()
    file = Home(home).settings
    stated = _from_file(file)
    origins = dict.fromkeys(stated, str(file))
    origins |= {key: PREFIX + key.upper().replace(".", DELIMITER) for key in variables}
    origins |= dict.fromkeys(chosen, "command line")
    values = stated | variables | chosen | {"home": home.absolute()}
    try:
        return Loaded(Settings.model_validate(_nested(values)), origins)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
        raise SetupError(
            f"The setting {key} is not valid: {first['msg']} (set by {origins.get(key, '?')}).",
            hint="`penstock settings` lists all of them.",
        ) from error


def openai_api_key() -> str:
    """Returns OPENAI_API_KEY; empty if it is our own key, for a client of the gateway."""
    key = os.environ.get("OPENAI_API_KEY", "")
    return "" if key.startswith(KEY_PREFIX) else key


def secret_variable(name: str) -> str:
    """Returns the value of an environment variable with a credential; empty if it is unset."""
    return os.environ.get(name, "")


def operator_variable(name: str) -> str:
    """Returns an environment variable that configures a secrets manager, or the content of the file
    that the variable with the suffix `_FILE` (Google's: `_CREDENTIALS`) names; empty without."""
    suffix = "" if name.endswith("_APPLICATION_CREDENTIALS") else "_FILE"
    file = os.environ.get(name + suffix, "")
    try:
        return Path(file).read_text("utf-8").strip() if file else os.environ.get(name, "")
    except (OSError, UnicodeDecodeError):
        return ""


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    keys = {setting.variable: setting.key for setting in every_setting()}
    values: dict[str, object] = {}
    for name in sorted(environ):
        if name in keys:
            values[keys[name]] = environ[name]
        elif name.startswith(PREFIX) and not _is_foreign(name, environ[name]):
            raise SetupError(f"There is no setting {name}.", hint=_suggest(name, keys))
    return values


def _is_foreign(name: str, value: str) -> bool:
    return bool(_FOREIGN.search(name)) or value.startswith(("tcp://", "udp://"))


def _from_file(file: Path) -> dict[str, object]:
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(
            f"{file} is not valid TOML: {error}.", hint="Repair or delete it."
        ) from error
    except OSError as error:
        raise SetupError(
            f"{file} cannot be read: {error.strerror}.",
            hint="Correct its permissions or delete it.",
        ) from error
    keys = {setting.key: setting for setting in every_setting() if setting.key != "home"}
    values = dict(_flat(document))
    for key in values:
        if key not in keys:
            raise SetupError(f"{file}: there is no setting {key}.", hint=_suggest(key, keys))
    return values


def _suggest(name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, known, 1, cutoff=0.8)
    return f"Did you mean {near[0]}?" if near else "`penstock settings` lists all of them."


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(cast("dict[str, Any]", value), f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _nested(values: Mapping[str, object]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *tables, name = key.split(".")
        place = tree
        for table in tables:
            place = place.setdefault(table, {})
        place[name] = value
    return tree
