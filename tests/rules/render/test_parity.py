"""The law of the renderer: on the allowed grammar it writes what Jinja2's sandbox writes."""

import json
import re
from typing import Any

from hypothesis import assume, example, given, reject, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.exceptions import TemplateRuntimeError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptContent, PromptVariable, VariableType
from penstock.rules.render.prompt import compile_prompt

VALUES: dict[str, Any] = {
    "name": "Ada lovelace",
    "text": "one two\nthree  four-five\n\nsix <b> & 'q' ü",
    "empty": "",
    "n": 7,
    "x": -2.5,
    "yes": True,
    "none_here": [],
    "fruits": ["pear", "Apple", "fig", "apple", "pear"],
    "numbers": [3, 1, 2, 10, -4],
    "user": {"name": "Bob", "age": 41, "tags": ["a", "b"], "address": {"city": "Oslo"}},
    "rows": [{"id": 2, "city": "Rome"}, {"id": 1, "city": "oslo"}, {"id": 3, "city": "Bern"}],
}
TYPES = {
    str: VariableType.STRING,
    int: VariableType.INTEGER,
    float: VariableType.NUMBER,
    bool: VariableType.BOOLEAN,
    list: VariableType.LIST,
    dict: VariableType.OBJECT,
}
VARIABLES = {name: PromptVariable(TYPES[type(value)]) for name, value in VALUES.items()}


class FoundUndefined(StrictUndefined):
    """Discards templates in which Jinja2 does not find a value: those that set the same name later,
    after a loop that reads it."""

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        assume(obj is not missing or name not in VALUES)
        super().__init__(hint, obj, name, exc)


def sandbox() -> ImmutableSandboxedEnvironment:
    """Jinja2 as the documentation describes the differences: strict, and `tojson` without HTML."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=FoundUndefined
    )
    environment.filters["tojson"] = lambda value, indent=None: json.dumps(
        value, ensure_ascii=False, indent=indent
    )
    return environment


STRINGS = st.sampled_from(["name", "text", "empty", "'lit'", "''", "user.name", "fruits[0]"])
NUMBERS = st.sampled_from(
    ["n", "x", "3", "0", "2.5", "-1", "numbers[2]", "user.age", "fruits|length"]
)
LISTS = st.sampled_from(
    [
        "fruits",
        "numbers",
        "none_here",
        "[1, 'a', none]",
        "user.tags",
        "(1, 2)",
        "fruits[1:3]",
        "numbers[::-1]",
        "range(4)|list",
        "fruits|sort",
        "numbers|unique|list",
        "user|list",
    ]
)
STRING_FILTERS = st.sampled_from(
    [
        "upper",
        "lower",
        "title",
        "capitalize",
        "trim",
        "trim('on')",
        "replace('e', '__')",
        "replace('o', '', 1)",
        "replace('', '-')",
        "length",
        "wordcount",
        "indent",
        "indent(2, true)",
        "indent(3, blank=true)",
        "indent('> ')",
        "truncate(9)",
        "truncate(8, true, '…')",
        "first",
        "last",
        "reverse",
        "int",
        "float",
        "default('d')",
        "d('d', true)",
        "tojson",
        "string",
        "join('-')",
        "[1]",
        "[-2:]",
        "[1:9:2]",
    ]
)
NUMBER_FILTERS = st.sampled_from(
    [
        "abs",
        "round",
        "round(1)",
        "round(0, 'floor')",
        "round(1, 'ceil')",
        "int",
        "float",
        "string",
        "tojson",
        "default(3)",
    ]
)
LIST_FILTERS = st.sampled_from(
    [
        "length",
        "count",
        "first",
        "last",
        "join",
        "join(', ')",
        "sort",
        "sort(reverse=true)",
        "sort(case_sensitive=true)",
        "unique|list",
        "reverse|list",
        "min",
        "max",
        "sum",
        "list",
        "tojson",
        "tojson(2)",
        "string",
        "default([])",
    ]
)
SPECIAL = st.sampled_from(
    [
        "rows|map(attribute='city')|join('/')",
        "rows|sort(attribute='city')|map(attribute='id')|list",
        "rows|sum(attribute='id')",
        "rows|max(attribute='id')",
        "rows|join(',', attribute='id')",
        "user|items|list",
        "user|dictsort|first",
        "rows[0]|dictsort(by='value', reverse=true)|length",
        "user.address.city",
        "user['address']['city']",
        "user.missing",
        "user.missing|default('?')",
        "rows[9]|default('?')",
        "user.missing.more",
        "{'a': n, 'b': [x]}",
        "{'a': 1}.a",
        "fruits.x",
    ]
)
TESTS = st.sampled_from(
    [
        "defined",
        "undefined",
        "none",
        "string",
        "number",
        "integer",
        "float",
        "boolean",
        "mapping",
        "sequence",
        "iterable",
        "true",
        "false",
        "eq 7",
        "ne 'lit'",
        "in [7, 'lit', '']",
    ]
)
NUMBER_TESTS = st.sampled_from(["odd", "even", "divisibleby 3", "gt 2", "le(2.5)", "lt n"])


def applied(
    base: st.SearchStrategy[str], filters: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    chosen = st.lists(filters, max_size=2).map(
        lambda names: "".join(name if name.startswith("[") else f"|{name}" for name in names)
    )
    return st.builds(lambda value, chain: f"({value}){chain}", base, chosen)


ATOMS = st.one_of(
    applied(STRINGS, STRING_FILTERS),
    applied(NUMBERS, NUMBER_FILTERS),
    applied(LISTS, LIST_FILTERS),
    SPECIAL,
)
ARITHMETIC = st.builds(
    "({}) {} ({})".format,
    applied(NUMBERS, NUMBER_FILTERS),
    st.sampled_from(["+", "-", "*", "/", "//", "%"]),
    applied(NUMBERS, NUMBER_FILTERS),
)
CONDITIONS = st.one_of(
    st.builds("{} is {}".format, ATOMS, TESTS),
    st.builds("{} is not {}".format, ATOMS, TESTS),
    st.builds("{} is {}".format, NUMBERS, NUMBER_TESTS),
    st.builds(
        "{} {} {}".format, NUMBERS, st.sampled_from(["<", ">", "<=", ">=", "==", "!="]), NUMBERS
    ),
    st.builds("{} in {}".format, STRINGS, st.one_of(LISTS, STRINGS)),
    st.builds("{} not in {}".format, NUMBERS, LISTS),
    st.just("1 < n < 9"),
)


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} ~ {})".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, CONDITIONS, inner),
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("(-({}))".format, NUMBERS),
        st.builds("[{}, {}]|length".format, inner, inner),
    )


EXPRESSIONS = st.recursive(st.one_of(ATOMS, ARITHMETIC, CONDITIONS), combined, max_leaves=4)
PLAIN = st.sampled_from(
    ["a", " ", "\n", "\n\n", "line\n", "  indented ", "{# note #}", "é🎉 ", "{ } %"]
)
OPENINGS, ENDINGS = st.sampled_from(["{{ ", "{{- "]), st.sampled_from([" }}", " -}}"])
OUTPUT = st.builds("{}{}{}".format, OPENINGS, EXPRESSIONS, ENDINGS)
NAMES = st.sampled_from(["kept", "n", "name"])
LOOP_PARTS = st.sampled_from(
    [
        "{{ item }}",
        "{{ loop.index }}/{{ loop.length }} ",
        "{{ loop.first }}{{ loop.last }}",
        "{{ loop.revindex0 }}",
        "{{ loop.previtem|default('^') }}",
        "{{ loop.nextitem|d('$') }}",
        "{% set k = n %}{{ k }}",
        "{% set n = item %}{{ n }}",
        "{{ n }}",
        "{{ kept|default('no') }}",
    ]
)


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, max_size=3).map("".join)
    loop_body = st.lists(st.one_of(LOOP_PARTS, inner), max_size=3).map("".join)
    end = st.sampled_from(["", "\n"])
    return st.one_of(
        st.builds("{{% if {} %}}{}{}{{% endif %}}{}".format, CONDITIONS, end, several, end),
        st.builds(
            "{{% if {} %}}{}{{% elif {} %}}{}{{% else %}}{}{{% endif %}}".format,
            CONDITIONS,
            several,
            CONDITIONS,
            several,
            several,
        ),
        st.builds("{{% for item in {} %}}{}{}{{% endfor %}}{}".format, LISTS, end, loop_body, end),
        st.builds(
            "{{% for item in {} if item %}}{}{{% else %}}{}{{% endfor %}}".format,
            LISTS,
            loop_body,
            several,
        ),
        st.builds("{{% for a, b in user|items %}}{{{{ a }}}}{}{{% endfor %}}".format, several),
        st.builds("{{% set {} = {} %}}{}".format, NAMES, EXPRESSIONS, end),
        st.builds("{{% raw %}}{{{{ {} {{% endraw %}}".format, st.sampled_from(["a", "%}"])),
    )


PARTS = st.recursive(st.one_of(PLAIN, OUTPUT), blocks, max_leaves=12)
TEMPLATES = st.lists(PARTS, min_size=1, max_size=5).map("".join)
# Jinja2 passes on what does not exist until it is printed, multiplies texts, and has no limits.
STRICTER = re.compile(r"does not exist|needs two numbers|needs more than")


def of_jinja(template: str) -> str | None:
    try:
        compiled = sandbox().from_string(template)
    except TemplateSyntaxError:
        return None
    except Exception:  # noqa: BLE001 - Jinja2 evaluates constants also where they are not reached
        reject()
    try:
        return compiled.render(VALUES)
    except UndefinedError:
        return None
    except TypeError as error:
        assume("Undefined" not in str(error))  # the same case, in a filter
        return None
    except (JinjaError, ValueError, ZeroDivisionError, OverflowError, AssertionError):
        return None


def of_ours(template: str) -> str | InvalidRequest:
    try:
        declared = VARIABLES | {
            name: PromptVariable(default="") for name in ("kept", "item") if name in template
        }
        return (
            compile_prompt(PromptContent("text", template, variables=declared)).render(VALUES).text
        )
    except InvalidRequest as error:
        return error


@settings(max_examples=max(80, settings.default.max_examples))  # or --law-examples
@given(TEMPLATES)
@example("{% set kept = ((-(n)) if user.missing is iterable else (name)) %}")
@example("{% for item in fruits %}{% set n = n + 1 %}{{ n }}{% endfor %}{{ n }}\n")
@example("{% if yes %}{% set name = 'x' %}{% endif %}{{ name }}")
@example("{{ (fruits[0])|first|upper }}{{ -x|abs }}{{ -n|abs }}")
@example("{%- for item in fruits -%} {{ item }} {%- endfor %}\n\n")
def test_our_output_is_that_of_jinja(template: str) -> None:
    declares = "{% set kept = '' %}{% set item = '' %}" if "kept|" in template else ""
    expected, ours = of_jinja(declares + template), of_ours(declares + template)
    if isinstance(ours, InvalidRequest):
        assert expected is None or STRICTER.search(ours.message), ours
    else:
        assert ours == expected
