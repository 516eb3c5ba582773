"""Template escapes and resource attacks: each is rejected when it is saved, or stopped by a count.

Most rows are published attacks on Jinja2, its sandbox, or products that rendered users' templates.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptContent, PromptVariable, VariableType
from penstock.rules.render.prompt import CompiledPrompt, compile_prompt

VARIABLES = {
    "s": PromptVariable(default="text"),
    "n": PromptVariable(VariableType.INTEGER, default=3),
    "rows": PromptVariable(VariableType.LIST, default=[[1, 2], [3]]),
    "o": PromptVariable(VariableType.OBJECT, default={"a": "b"}),
}
LONG = {"s": PromptVariable(default="x" * 100_000)}
WIDE = {"rows": PromptVariable(VariableType.LIST, default=list(range(40_000)))}

REJECTED = {
    "classes of a string": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "classes by subscript": "{{ ''['__class__']['__mro__'][1]['__subclasses__']() }}",
    "classes by attr filter": "{{ ''|attr('__class__')|attr('__mro__') }}",
    "attr with hex escapes": r"{{ ''|attr('\x5f\x5fclass\x5f\x5f') }}",
    "globals of lipsum": "{{ lipsum.__globals__.os.popen('id').read() }}",
    "globals of cycler": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "globals of joiner": "{{ joiner.__init__.__globals__ }}",
    "globals of namespace": "{{ namespace.__init__.__globals__ }}",
    "context of the template": "{{ self._TemplateReference__context }}",
    "self": "{{ self }}",
    "super": "{{ super() }}",
    "request of Flask": "{{ request.application.__globals__ }}",
    "config of Flask": "{{ config.items() }}",
    "url_for of Flask": "{{ url_for.__globals__ }}",
    "get_flashed_messages": "{{ get_flashed_messages.__globals__ }}",
    "builtins": "{{ __builtins__.open('/etc/passwd').read() }}",
    "import": "{{ __import__('os').system('id') }}",
    "format of a string": "{{ '{0.__class__}'.format(s) }}",
    "format_map": "{{ '{a.__class__}'.format_map(o) }}",
    "format stored in a name": "{% set f = '{0}'.format %}{{ f(s) }}",
    "format filter": "{{ '%s'|format(s) }}",
    "format through map (CVE-2019-10906)": "{{ ['{0}']|map('format', s)|list }}",
    "format through attr (CVE-2025-27516)": "{{ ('{0.__class__}'|attr('format'))(s) }}",
    "xmlattr (CVE-2024-22195)": "{{ {'a onclick=x': 1}|xmlattr }}",
    "select with a test of attributes": "{{ rows|select('sameas', none) }}",
    "map with any filter": "{{ rows|map('list') }}",
    "groupby": "{{ rows|groupby('__class__') }}",
    "call of a method": "{{ s.upper() }}",
    "call of a dictionary's method": "{{ o.items() }}",
    "change of an object": "{{ o.update({'a': 1}) }}",
    "change of a list": "{{ rows.append(1) }}",
    "dict constructor": "{{ dict(a=1) }}",
    "namespace": "{% set ns = namespace(x=1) %}{% set ns.x = 2 %}",
    "call of the loop": "{% for r in rows recursive %}{{ loop(r) }}{% endfor %}",
    "loop as a value": "{% for r in rows %}{{ loop }}{% endfor %}",
    "class of the loop": "{% for r in rows %}{{ loop.__class__ }}{% endfor %}",
    "loop.cycle": "{% for r in rows %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "loop outside": "{{ loop.index }}",
    "macro": "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "recursive macro": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "call block": "{% call s() %}x{% endcall %}",
    "import of a template": "{% import 'other' as x %}",
    "from import": "{% from 'other' import x %}",
    "extends": "{% extends 'other' %}",
    "block": "{% block b %}{% endblock %}",
    "include by a variable": "{% include s %}",
    "include of several": "{% include ['a', 'b'] %}",
    "include of a path": "{% include '../../etc/passwd' %}",
    "include that may be missing": "{% include 'a' ignore missing %}",
    "do": "{% do rows.append(1) %}",
    "debug": "{% debug %}",
    "with": "{% with x = s.__class__ %}{{ x }}{% endwith %}",
    "filter block": "{% filter upper %}x{% endfilter %}",
    "autoescape off": "{% autoescape false %}x{% endautoescape %}",
    "power": "{{ 9**9**9**9 }}",
    "huge number": "{{ " + "9" * 5000 + " }}",
    "number above 64 bits": "{{ 18446744073709551616 }}",
    "arguments with a star": "{{ s|replace(*rows) }}",
    "deep brackets": "{{ " + "[" * 90 + "]" * 90 + " }}",
    "very deep brackets": "{{ " + "(" * 30_000 + ")" * 30_000 + " }}",
    "deep not": "{{ " + "not " * 20_000 + "s }}",
    "deep blocks": "{% if s %}" * 500 + "{% endif %}" * 500,
    "long chain": "{{ " + "+".join(["n"] * 10_000) + " }}",
    "long chain of filters": "{{ s" + "|upper" * 5_000 + " }}",
    "too long": "x" * 100_001,
    "reserved name": "{% set loop = 1 %}",
    "unknown name": "{{ os }}",
    "unknown filter": "{{ s|system }}",
    "pprint": "{{ o|pprint }}",
    "random": "{{ rows|random }}",
    "unclosed": "{{ s",
}
STOPPED = {
    "huge range": "{% for i in range(10**9) %}{% endfor %}".replace("10**9", "999999999"),
    "range of a range": "{% for i in range(9999) %}{{ range(9999) }}{% endfor %}",
    "range as a value": "{{ range(99999999)|list|length }}",
    "range with negative steps": "{{ range(999999999, 0, -1) }}",
    "loops that print nothing": "{% for a in range(300) %}"
    "{% for b in range(300) %}{% endfor %}{% endfor %}",
    "product of strings": "{{ 'a' * 999999999 }}",
    "product of lists": "{{ [1] * 999999999 }}",
    "doubling of a string": "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a ~ a %}" * 40,
    "doubling by plus": "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a + a %}" * 40,
    "doubling of a list": "{% set a = [1] %}" + "{% set a = a + a %}" * 40,
    "nested lists that print": "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}",
    "nested lists as JSON": "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 40 + "{{ a|tojson }}",
    "nested lists compared": "{% set a = [1] %}" + "{% set a = [a, a] %}" * 40 + "{{ a == a }}",
    "squares": "{% set a = 999999 %}" + "{% set a = a * a %}" * 9,
    "percent formatting": "{{ '%999999999d' % n }}",
    "indent with a large width": "{{ s|indent(999999999) }}",
    "tojson with a large indent": "{{ o|tojson(999999999) }}",
    "truncate with a negative length": "{{ s|truncate(-1) }}",
    "round with many digits": "{{ n|round(999999999) }}",
    "division by zero": "{{ 1 / 0 }}",
    "class as a member": "{{ s.__class__ }}",
    "subclasses as members": "{{ o.__class__.__base__ }}",
    "class by subscript": "{{ o['__class__'] }}",
    "class by attribute filter": "{{ rows|map(attribute='__class__')|list }}",
    "sort by class": "{{ rows|sort(attribute='__class__.__name__') }}",
    "unhashable": "{{ {rows: 1} }}",
    "wrong types": "{{ s < n }}",
}
ON_LARGE_VALUES = {
    "replace of nothing": "{{ s|replace('', s) }}",
    "indent with a long text": "{{ s|replace('x', '\n')|indent(s) }}",
    "replace by itself": "{{ s|replace('x', s) }}",
    "join with itself": "{{ s|join(s) }}",
    "text in a loop": "{% for i in range(100) %}{{ s }}{% endfor %}",
    "copies in a loop": "{% for i in range(9999) %}{% set a = s ~ s %}{% endfor %}",
    "comparisons in a loop": "{% for i in range(9999) %}{% set a = s == s ~ 'x' %}{% endfor %}",
    "searches in a loop": "{% for i in range(9999) %}{% if 'xy' in s %}{% endif %}{% endfor %}",
    "upper in a loop": "{% for i in range(9999) %}{% set a = s|upper %}{% endfor %}",
    "slices in a loop": "{% for i in range(9999) %}{% set a = s[1:] %}{% endfor %}",
    "indent of many lines": "{{ s|replace('x', '\n')|indent(60, blank=true) }}",
}
ON_LONG_LISTS = {
    "sort in a loop": "{% for i in rows %}{% set a = rows|sort %}{% endfor %}",
    "search in a loop": "{% for i in rows %}{% if -1 in rows %}{% endif %}{% endfor %}",
    "slices in a loop": "{% for i in rows %}{% set a = rows[1:] %}{% endfor %}",
    "sum in a loop": "{% for i in rows %}{{ rows|sum }}{% endfor %}",
}


def compiled(template: str, variables: dict[str, PromptVariable]) -> CompiledPrompt:
    return compile_prompt(PromptContent("text", template, variables=variables))


def test_there_are_at_least_sixty() -> None:
    assert len({**REJECTED, **STOPPED, **ON_LARGE_VALUES, **ON_LONG_LISTS}) >= 60


@pytest.mark.parametrize("name", REJECTED)
def test_an_attack_is_rejected_when_it_is_saved(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        compiled(REJECTED[name], VARIABLES)
    assert caught.value.code in {"template_invalid", "variable_undeclared"}
    assert "ine " in caught.value.message


@pytest.mark.parametrize(
    ("template", "variables"),
    [
        *((template, VARIABLES) for template in STOPPED.values()),
        *((template, LONG) for template in ON_LARGE_VALUES.values()),
        *((template, WIDE) for template in ON_LONG_LISTS.values()),
    ],
    ids=[*STOPPED, *ON_LARGE_VALUES, *(f"list: {name}" for name in ON_LONG_LISTS)],
)
def test_an_attack_is_stopped_by_a_count_or_a_check(
    template: str, variables: dict[str, PromptVariable]
) -> None:
    prompt = compiled(template, variables)
    with pytest.raises(InvalidRequest) as caught:
        prompt.render({})
    assert caught.value.code in {"render_limit", "render_failed"}
    assert caught.value.message.startswith("Line ")


def test_the_names_of_python_are_plain_members_of_an_object() -> None:
    prompt = compiled("{{ o.__class__ }}/{{ o.items }}/{{ o.get|default('-') }}", VARIABLES)
    assert prompt.render({"o": {"__class__": "A", "items": "B"}}).text == "A/B/-"


TOKENS = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "for",
        "in",
        "if",
        "else",
        "endfor",
        "endif",
        "set",
        "=",
        "|",
        "(",
        ")",
        "[",
        "]",
        ".",
        ",",
        ":",
        "'",
        '"',
        "~",
        "not",
        "is",
        "s",
        "n",
        "rows",
        "o",
        "loop",
        "index",
        "upper",
        "range",
        "__class__",
        "\n",
        " ",
        "-",
        "*",
        "1",
        "0.5",
        "\\",
        "\x00",
        "é",
        "raw",
        "endraw",
        "include",
        "macro",
        "call",
        "**",
        "true",
        "none",
        "default",
        "tojson",
    ]
)


@pytest.mark.filterwarnings("ignore:invalid escape:DeprecationWarning")
@settings(max_examples=300)
@given(st.lists(TOKENS, max_size=25).map(" ".join))
def test_any_text_is_rendered_or_rejected_with_a_listed_code(template: str) -> None:
    assert outcome(template or " ") in {
        "rendered",
        "template_invalid",
        "variable_undeclared",
        "render_limit",
        "render_failed",
    }


def outcome(template: str) -> str:
    try:
        compiled(template, VARIABLES).render({})
    except InvalidRequest as error:
        return error.code
    return "rendered"
