"""Parses a template with Jinja2, and translates its statements into functions of a `Run`.

Lines with nothing but a block leave none in the text (`trim_blocks`, `lstrip_blocks`), as in the
chat templates of Hugging Face; the last line end of a template is kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, TemplateSyntaxError, nodes

from penstock.rules.render.errors import RenderFailure, TemplateError, TemplateSource
from penstock.rules.render.expressions import LOOP_FIELDS, Expressions
from penstock.rules.render.names import Names
from penstock.rules.render.run import Missing, Run, Statement, items_of, truth

MAX_TEMPLATE_CHARS: Final = 100_000  # of one template; longer ones are rejected
Include = Callable[[str], "Template"]


@dataclass(frozen=True, slots=True)
class Template:
    """A template that may be rendered. `names`: the variables that it uses, with the line of their
    first use; `depth`: of its blocks and expressions, with those of its partials."""

    run: Statement
    names: Mapping[str, int]
    depth: int


def parse_template(text: str, source: TemplateSource, include: Include) -> Template:
    """Translates a template. `include` returns a partial by its name, or raises `RenderFailure`.
    Raises `TemplateError` for everything that is not allowed."""
    if len(text) > MAX_TEMPLATE_CHARS:
        raise TemplateError(
            source,
            1,
            f"A template has at most {MAX_TEMPLATE_CHARS:,} characters.",
            hint="Move parts of it into partials.",
        )
    translator = _Translator(source, include)
    try:
        tree = Environment(  # noqa: S701 - it makes text for models, and only its parser is used
            trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
        ).parse(text)
        run = translator.block(tree.body)
    except TemplateSyntaxError as error:
        raise TemplateError(source, error.lineno, error.message or "Syntax error.") from None
    except RecursionError:
        raise TemplateError(source, 1, "The template is nested too deeply.") from None
    except (ValueError, OverflowError, SyntaxError):  # of the parser, for a literal
        raise TemplateError(source, 1, "A number or string is not valid.") from None
    return Template(run, translator.names.used, translator.deepest)


class _Translator:
    """Translates the statements of one template."""

    def __init__(self, source: TemplateSource, include: Include) -> None:
        self._source = source
        self._include = include
        self.names = Names()
        self._expressions = Expressions(self.names)
        self._deepest_partial = 0

    @property
    def deepest(self) -> int:
        """The depth of the template with its partials."""
        return max(self._expressions.deepest, self._deepest_partial)

    def block(self, body: list[nodes.Node]) -> Statement:
        """Returns a function that runs statements in order."""
        statements = [self._statement(node) for node in body]

        def run_all(run: Run) -> None:
            for statement in statements:
                statement(run)

        return run_all

    def _statement(self, node: nodes.Node) -> Statement:
        self._check(self._expressions.enter, node.lineno)
        try:
            translated = self._by_kind(node)
        except RenderFailure as failure:
            raise self._error(failure, node.lineno, "template_invalid") from None
        self._expressions.leave()
        return translated

    def _check(self, function: Callable[[], None], line: int) -> None:
        try:
            function()
        except RenderFailure as failure:
            raise self._error(failure, line, "template_invalid") from None

    def _by_kind(self, node: nodes.Node) -> Statement:
        match node:
            case nodes.Output():
                return self._output(node)
            case nodes.If():
                return self._if(node)
            case nodes.For():
                return self._for(node)
            case nodes.Assign():
                return self._set(node)
            case nodes.Include():
                return self._included(node)
            case _:
                kind = type(node).__name__
                raise RenderFailure(
                    f"{_SHOWN.get(kind, f'`{kind}`')} is not allowed in a template.",
                    "Templates have values, if, for, set and include.",
                )

    def _error(self, failure: RenderFailure, line: int, code: str = "") -> TemplateError:
        return TemplateError(
            self._source, line, failure.message, hint=failure.hint, code=code or failure.code
        )

    def _at(self, line: int, statement: Statement) -> Statement:
        """Adds the line to the failures of a statement."""

        def run_here(run: Run) -> None:
            try:
                statement(run)
            except RenderFailure as failure:
                raise self._error(failure, line) from None

        return run_here

    def _output(self, node: nodes.Output) -> Statement:
        parts = [self._part(each) for each in node.nodes]

        def run_all(run: Run) -> None:
            for part in parts:
                part(run)

        return run_all

    def _part(self, node: nodes.Node) -> Statement:
        if isinstance(node, nodes.TemplateData):
            text = node.data
            return self._at(node.lineno, lambda run: run.write(text))
        try:
            value = self._expressions.translate(node)
        except RenderFailure as failure:
            raise self._error(failure, node.lineno, "template_invalid") from None
        return self._at(node.lineno, lambda run: run.write(run.text(value(run))))

    def _if(self, node: nodes.If) -> Statement:
        branches = [
            (self._expressions.translate(each.test), self.block(each.body))
            for each in (node, *node.elif_)
        ]
        otherwise = self.block(node.else_)

        def run_one(run: Run) -> None:
            run.step()
            for test, body in branches:
                if truth(test(run)):
                    body(run)
                    return
            otherwise(run)

        return self._at(node.lineno, run_one)

    def _for(self, node: nodes.For) -> Statement:
        if node.recursive:
            raise RenderFailure("A recursive loop is not allowed in a template.")
        values = self._expressions.translate(node.iter)
        self.names.open()
        bind = self._target(node.target)
        keep = self._expressions.translate(node.test) if node.test else None
        self.names.loops += 1
        body = self.block(node.body)
        self.names.loops -= 1
        self.names.close()
        self.names.open()
        otherwise = self.block(node.else_)
        self.names.close()

        def kept(run: Run, item: object) -> bool:
            run.step()
            bind(run, item)
            return keep is None or truth(keep(run))

        def pass_one(run: Run, item: object) -> None:
            run.step()
            bind(run, item)
            body(run)

        def run_loop(run: Run) -> None:
            items = items_of(run, values(run))
            if keep is not None:
                items = [item for item in items if _scoped(run, lambda run, it=item: kept(run, it))]
            for at, item in enumerate(items):
                run.loops.append(_loop(items, at))
                _scoped(run, lambda run, it=item: pass_one(run, it))
                run.loops.pop()
            if not items:
                _scoped(run, otherwise)

        return self._at(node.lineno, run_loop)

    def _set(self, node: nodes.Assign) -> Statement:
        value = self._expressions.translate(node.node)
        bind = self._target(node.target)

        def run_set(run: Run) -> None:
            run.step()
            bind(run, value(run))

        return self._at(node.lineno, run_set)

    def _target(self, node: nodes.Node) -> Callable[[Run, object], None]:
        """Returns the function that sets one name, or several from a list."""
        if isinstance(node, nodes.Name):
            return self._single(node.name)
        if not isinstance(node, nodes.Tuple):
            raise RenderFailure("Only names can be set.")
        targets = [self._target(each) for each in node.items]

        def bind_all(run: Run, value: object) -> None:
            items = items_of(run, value)
            if len(items) != len(targets):
                raise RenderFailure(f"{len(targets)} names need a list of {len(targets)} values.")
            for bind, item in zip(targets, items, strict=True):
                bind(run, item)

        return bind_all

    def _single(self, name: str) -> Callable[[Run, object], None]:
        self.names.bind(name)

        def bind(run: Run, value: object) -> None:
            run.scopes[-1][name] = value

        return bind

    def _included(self, node: nodes.Include) -> Statement:
        if not isinstance(node.template, nodes.Const) or not isinstance(node.template.value, str):
            raise RenderFailure('Include a partial by its name: {% include "name" %}.')
        if node.ignore_missing or not node.with_context:
            raise RenderFailure("An include has no options.")
        template = self._include(node.template.value)
        bound = self.names.bound()
        for name in template.names:
            if name not in bound:
                self.names.used.setdefault(name, node.lineno)
        self._deepest_partial = max(self._deepest_partial, self._expressions.depth + template.depth)
        included = template.run

        def run_partial(run: Run) -> None:
            run.step()
            loops, run.loops = run.loops, []
            _scoped(run, included)
            run.loops = loops

        return self._at(node.lineno, run_partial)


def _scoped(run: Run, function: Callable[[Run], Any]) -> Any:
    """Calls a function in a new scope. After a failure the run is not used any more."""
    run.scopes.append({})
    value = function(run)
    run.scopes.pop()
    return value


def _loop(items: list[object], at: int) -> dict[str, object]:
    """The fields of `loop`."""
    size = len(items)
    previous = items[at - 1] if at else Missing("The item before the first one")
    following = items[at + 1] if at + 1 < size else Missing("The item after the last one")
    values = (at + 1, at, size - at, size - at - 1, at == 0, at == size - 1, size)
    return dict(zip(LOOP_FIELDS, (*values, previous, following), strict=True))


_SHOWN: Final[Mapping[str, str]] = {
    "AssignBlock": "A `set` block",
    "Block": "A `block`",
    "CallBlock": "A `call` block",
    "Extends": "`extends`",
    "FilterBlock": "A `filter` block",
    "FromImport": "`import`",
    "Import": "`import`",
    "Macro": "A macro",
    "With": "`with`",
}
