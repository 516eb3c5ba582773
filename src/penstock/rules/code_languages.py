"""The programming languages in a text: by the names of its code fences, else by what code has."""

import re
from collections.abc import Mapping
from typing import Final

_SEARCHED_CHARS: Final = 20_000  # at the begin of a text
_FENCE: Final = re.compile(r"^[ \t]{0,3}```[ \t]*([A-Za-z][\w+#-]{0,19})?[ \t]*\r?$", re.MULTILINE)
_NAMES: Final[Mapping[str, str]] = {
    "bash": "shell sh zsh console",
    "c": "h",
    "cpp": "c++ cc cxx hpp",
    "csharp": "c# cs",
    "css": "",
    "go": "golang",
    "html": "htm",
    "java": "",
    "javascript": "js jsx node mjs",
    "json": "",
    "kotlin": "kt",
    "php": "",
    "python": "py python3 pycon",
    "ruby": "rb",
    "rust": "rs",
    "sql": "postgresql mysql sqlite tsql plsql",
    "swift": "",
    "typescript": "ts tsx",
    "xml": "",
    "yaml": "yml",
}
_BY_NAME: Final = {
    name: language for language, others in _NAMES.items() for name in (language, *others.split())
}
# What a line of code without a fence begins with. Rare in prose.
_LINES: Final[Mapping[str, str]] = {
    "bash": r"#!/(?:usr/)?bin/(?:env )?(?:ba|z)?sh",
    "c": r"#include <\w+\.h>",
    "cpp": r"#include <\w+>|using namespace \w|std::\w+",
    "csharp": r"using System[.;]|namespace [\w.]+ ?[{;]",
    "go": r"package \w+$|func (?:\(\w+ \*?\w+\) )?\w+\(",
    "html": r"<!doctype html|<(?:html|body|div|script)[ >]",
    "java": r"(?:public|private) (?:static |final )*(?:class|void|int|String) |import java",
    "javascript": r"(?:const|let|var) \w+ = |(?:async )?function \w*\(|module\.exports",
    "kotlin": r"fun \w+\(|val \w+(?:: \w+)? = ",
    "php": r"<\?php",
    "python": r"(?:async )?def \w+\(|class \w+(?:\(.*\))?:$|from [\w.]+ import |import \w+$",
    "ruby": r"require '|def \w+$",
    "rust": r"(?:pub )?fn \w+[(<]|let mut |use \w+::|impl(?:<.*>)? \w+",
    "sql": r"select [\w*.,() ]{1,200} from [\w.]+(?:;|$| where | join | group by | order by )"
    r"|insert into \w|create (?:table|index|view) \w|update \w+ set \w",
    "typescript": r"(?:export )?interface \w+ ?\{|(?:const|let) \w+: \w+",
}
_SIGNS: Final = {
    language: re.compile(rf"^\s{{0,40}}(?:{lines})", re.MULTILINE | re.IGNORECASE)
    for language, lines in _LINES.items()
}


def known_code_languages() -> tuple[str, ...]:
    """Returns the names of the languages."""
    return tuple(_NAMES)


def code_languages(text: str) -> frozenset[str]:
    """Returns the programming languages in a text; `any` is one of them if there is code at all. A
    fence with an unknown name, or without one, is code of no known language."""
    text = text[:_SEARCHED_CHARS]
    fences = _FENCE.findall(text)
    if fences:
        named = {_BY_NAME.get(each.lower(), "") for each in fences} - {""}
        return frozenset({*named, "any"})
    found = {language for language, sign in _SIGNS.items() if sign.search(text)}
    return frozenset({*found, "any"}) if found else frozenset()
