"""Finds values in a prompt for tool arguments and document fields: numbers, quoted text, words in
other scripts, names. Each is taken once, in the order of the prompt.
"""

import re
from typing import Any, Final

from penstock.sim.schemas import Schema, type_of

_READ: Final = 4000  # characters of the prompt that are searched
_QUOTED: Final = re.compile(
    r"\"([^\"\n]{1,200})\"|“([^”\n]{1,200})”|«([^»\n]{1,200})»|「([^」\n]{1,200})」"
    r"|(?<!\w)'([^'\n]{1,200})'(?!\w)"
)
_OTHER_SCRIPT: Final = re.compile(r"[^\W\d_\u0000-\u024F]+(?:[ ・][^\W\d_\u0000-\u024F]+)*")
_CAPITAL: Final = r"[^\W\d_a-zß-öø-ÿ][\w'’-]*"
_NAME: Final = re.compile(rf"(?<=[\w,;:(] ){_CAPITAL}(?:,? {_CAPITAL})*")
_NUMBER: Final = re.compile(r"(?<![\w.])-?\d{1,15}(?:\.\d{1,10})?(?![\w]|\.\d)")
_FIELDS: Final = re.compile(r"(?<!\w)(?:key|field)s?(?!\w)", re.IGNORECASE)
_CODE_NAME: Final = re.compile(r"`([A-Za-z_]\w{0,63})`")


class Mentions:
    """The values of one prompt that are not taken yet."""

    def __init__(self, text: str) -> None:
        self._text = text[-_READ:]
        self._strings: list[str] = []
        for pattern in (_QUOTED, _OTHER_SCRIPT, _NAME):
            for value in _values(pattern, self._text):
                if not any(value in other for other in self._strings):
                    self._strings.append(value)
        self._numbers = [found[0] for found in _NUMBER.finditer(self._text)]

    def take(self, name: str, schema: Schema) -> Any:
        """Returns a value for the property `name`, or None if the prompt has none for it."""
        if "enum" in schema:
            return self._option(schema["enum"])
        match type_of(schema):
            case "string" if "format" not in schema and "pattern" not in schema:
                return self._string(name, schema)
            case "integer" | "number" as kind:
                return self._number(name, schema, whole=kind == "integer")
            case "boolean":
                return self._boolean(name)
            case _:
                return None

    def field_names(self) -> list[str]:
        """Takes what the prompt calls the fields of a JSON object: names in backticks, or else
        quoted names, if it speaks of keys or fields."""
        names = list(dict.fromkeys(_CODE_NAME.findall(self._text)))
        if not names and _FIELDS.search(self._text):
            quoted = _values(_QUOTED, self._text)
            names = [text for text in quoted if text.isascii() and text.isidentifier()]
        self._strings = [text for text in self._strings if text not in names]
        return names

    def has_word(self, word: str) -> bool:
        """True if the prompt has `word` as a whole word."""
        return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", self._text, re.IGNORECASE) is not None

    def _option(self, options: list[Any]) -> Any:
        named = (option for option in options[:100] if isinstance(option, str) and option)
        return next((option for option in named if self.has_word(option)), None)

    def _string(self, name: str, schema: Schema) -> str | None:
        low, high = schema.get("minLength", 0), schema.get("maxLength", 200)
        fitting = [text for text in self._strings if low <= len(text) <= high]
        return self._taken(self._strings, name, fitting)

    def _number(self, name: str, schema: Schema, *, whole: bool) -> float | None:
        fitting = [text for text in self._numbers if _fits(text, schema, whole=whole)]
        if (text := self._taken(self._numbers, name, fitting)) is None:
            return None
        return int(float(text)) if whole else float(text)

    def _boolean(self, name: str) -> bool | None:
        """Only the value that follows the property's name."""
        label = re.escape(name).replace("_", r"[_ ]")
        found = re.search(rf"(?<!\w){label}\W{{1,4}}(true|false)(?!\w)", self._text, re.IGNORECASE)
        return None if found is None else found[1].lower() == "true"

    def _taken(self, rest: list[str], name: str, fitting: list[str]) -> str | None:
        """Prefers the value that follows the property's name; else takes the first one."""
        if not fitting:
            return None
        label = re.escape(name).replace("_", r"[_ ]")
        chosen = fitting[0]
        for text in fitting[:20]:
            if re.search(rf"(?<!\w){label}\W{{1,4}}{re.escape(text)}", self._text, re.IGNORECASE):
                chosen = text
                break
        rest.remove(chosen)
        return chosen


def _values(pattern: re.Pattern[str], text: str) -> list[str]:
    """Returns what the pattern's groups found, or else what the whole pattern found."""
    return [
        next((group for group in found.groups() if group), found[0])
        for found in pattern.finditer(text)
    ]


def _fits(text: str, schema: Schema, *, whole: bool) -> bool:
    value = float(text)
    return (
        (not whole or value.is_integer())
        and schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and schema.get("exclusiveMinimum", value - 1) < value
        and value < schema.get("exclusiveMaximum", value + 1)
        and (not (step := schema.get("multipleOf")) or value % step == 0)
    )
