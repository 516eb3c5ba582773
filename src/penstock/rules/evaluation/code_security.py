"""Security findings in Python source, by its syntax tree. Nothing is run or imported.

A finding is a sign, no proof: what reaches a call at run time is not followed. CWE: the Common
Weakness Enumeration of MITRE.
"""

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

MAX_FINDINGS: Final = 100  # of one source; further ones are not listed
_SECRET_NAME: Final = re.compile(
    r"(?i)(?:^|_)(?:password|passwd|pwd|secret|token|api_?key|private_?key)s?$"
)
_SECRET_TEXT: Final = re.compile(
    r"AKIA[0-9A-Z]{16}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{36}|"
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
)
_PLACEHOLDER: Final = re.compile(r"(?i)^$|^[<{$%*]|your|example|change|placeholder|xxx|dummy|\s")
_SQL: Final = re.compile(r"(?is)^\s*(select|insert|update|delete|drop|create|alter|replace)\b")
_SAFE_LOADERS: Final = frozenset(("SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"))


class SecurityFinding(NamedTuple):
    """A finding: its rule, its line (from 1), and the weakness by its number."""

    rule: str
    line: int
    cwe: int
    message: str


class _Rule(NamedTuple):
    name: str
    cwe: int
    message: str


_UNPICKLERS: Final = tuple(
    f"{module}.{name}"
    for module in ("pickle", "cPickle", "_pickle", "dill", "marshal", "cloudpickle")
    for name in ("load", "loads", "Unpickler")
)
_CALLS: Final[Mapping[str, _Rule]] = {
    each: rule
    for names, rule in (
        (
            ("eval", "exec", "builtins.eval", "builtins.exec"),
            _Rule("eval", 95, "runs text as code"),
        ),
        (
            ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"),
            _Rule("shell", 78, "runs a command in a shell"),
        ),
        (
            (*_UNPICKLERS, "shelve.open", "joblib.load", "pandas.read_pickle"),
            _Rule("unpickle", 502, "reads data that can run code"),
        ),
        (
            ("yaml.unsafe_load", "yaml.full_load", "yaml.unsafe_load_all", "yaml.full_load_all"),
            _Rule("yaml", 502, "reads YAML that can run code: use yaml.safe_load"),
        ),
        (
            tuple(
                f"Crypto.Cipher.{name}.new" for name in ("DES", "DES3", "ARC2", "ARC4", "Blowfish")
            ),
            _Rule("weak_cipher", 327, "uses a weak cipher"),
        ),
        (
            ("ssl._create_unverified_context",),
            _Rule("tls", 295, "does not verify the certificate of the server"),
        ),
        (
            ("tempfile.mktemp",),
            _Rule("temp_file", 377, "names a file that others can create first"),
        ),
        (
            ("telnetlib.Telnet", "ftplib.FTP"),
            _Rule("clear_text", 319, "sends passwords without encryption"),
        ),
    )
    for each in names
}
_HASHES: Final = frozenset(("hashlib.md5", "hashlib.sha1", "hashlib.md4"))
_RULES: Final = {
    "hash": _Rule("weak_hash", 328, "uses a hash that is broken"),
    "shell": _Rule("shell", 78, "runs a command in a shell"),
    "yaml": _Rule("yaml", 502, "reads YAML that can run code: use yaml.safe_load"),
    "tls": _Rule("tls", 295, "does not verify the certificate of the server"),
    "sql": _Rule("sql", 89, "makes SQL of texts: use parameters"),
    "secret": _Rule("secret", 798, "has a secret in the source"),
    "archive": _Rule("archive", 22, "unpacks files without a filter for their paths"),
    "mode": _Rule("file_mode", 732, "lets everybody write a file"),
    "debug": _Rule("debug", 489, "starts a web server with its debugger"),
    "escape": _Rule("escape", 79, "makes HTML without escaping"),
    "host_key": _Rule("host_key", 295, "trusts any host key"),
    "random": _Rule("random", 330, "makes a secret of numbers that can be guessed: use secrets"),
}
RULE_NAMES: Final = tuple(
    sorted({each.name for each in _CALLS.values()} | {each.name for each in _RULES.values()})
)


def security_findings(source: str) -> list[SecurityFinding]:
    """Returns the findings in order of their lines, at most `MAX_FINDINGS`. Raises `ValueError` if
    the source is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"it is not Python: {error}") from error
    nodes = list(ast.walk(tree))
    names = _imported(nodes)
    found = {
        SecurityFinding(rule.name, line, rule.cwe, f"Line {line} {rule.message}.")
        for node in nodes
        for rule, line in _of_node(node, names)
    }
    return sorted(found, key=lambda each: (each.line, each.rule))[:MAX_FINDINGS]


def _imported(nodes: list[ast.AST]) -> dict[str, str]:
    """Returns what names stand for: `sp` → `subprocess`, `system` → `os.system`."""
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for each in node.names:
                whole = each.name if each.asname else each.name.partition(".")[0]
                names[each.asname or whole] = whole
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for each in node.names:
                names[each.asname or each.name] = f"{node.module}.{each.name}"
    return names


def _of_node(node: ast.AST, names: Mapping[str, str]) -> Iterator[tuple[_Rule, int]]:
    if isinstance(node, ast.Call):
        called = _dotted(node.func, names)
        if called in _CALLS:
            yield _CALLS[called], node.lineno
        for key, check in _CALL_CHECKS.items():
            if check(node, called, names):
                yield _RULES[key], node.lineno
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and _SECRET_TEXT.search(node.value):
            yield _RULES["secret"], node.lineno
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.keyword | ast.Dict):
        for name, value in _named_values(node):
            if _SECRET_NAME.search(name):
                yield from _secret(value, names)


def _dotted(node: ast.AST, names: Mapping[str, str]) -> str:
    """Returns the full name of what is called; empty if it is no name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ".".join(["", *reversed(parts)]) if parts else ""
    return ".".join([names.get(node.id, node.id), *reversed(parts)])


def _named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield _last_name(target), value
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield _last_name(target), value
        case ast.keyword(arg=str() as name, value=value):
            yield name, value
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value
        case _:
            return


def _last_name(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
        case _:
            return ""


def _secret(value: ast.expr, names: Mapping[str, str]) -> Iterator[tuple[_Rule, int]]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        if not _PLACEHOLDER.search(value.value):
            yield _RULES["secret"], value.lineno
        return
    calls = (each for each in ast.walk(value) if isinstance(each, ast.Call))
    if any(_dotted(each.func, names).startswith("random.") for each in calls):
        yield _RULES["random"], value.lineno


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in node.keywords if each.arg == name), None)


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _is_shell(node: ast.Call, called: str, names: Mapping[str, str]) -> bool:
    del names
    return called.startswith("subprocess.") and _is_true(_keyword(node, "shell"))


def _is_hash(node: ast.Call, called: str, names: Mapping[str, str]) -> bool:
    del names
    if called == "hashlib.new" and node.args:
        first = node.args[0]
        named = first.value if isinstance(first, ast.Constant) else ""
        called = f"hashlib.{named}".lower()
    return called in _HASHES and not _is_false(_keyword(node, "usedforsecurity"))


def _is_yaml(node: ast.Call, called: str, names: Mapping[str, str]) -> bool:
    if called not in ("yaml.load", "yaml.load_all"):
        return False
    loader = _keyword(node, "Loader") or (node.args[1] if len(node.args) > 1 else None)
    return loader is None or _dotted(loader, names).rpartition(".")[2] not in _SAFE_LOADERS


def _is_tls(node: ast.Call, called: str, names: Mapping[str, str]) -> bool:
    del names
    web = called.partition(".")[0] in ("requests", "httpx", "aiohttp") or not called
    web = web or called.rpartition(".")[2] in ("get", "post", "put", "delete", "request", "patch")
    return web and (_is_false(_keyword(node, "verify")) or _is_false(_keyword(node, "ssl")))


def _is_sql(node: ast.Call, called: str, names: Mapping[str, str]) -> bool:
    del names
    executes = called.rpartition(".")[2] in ("execute", "executemany", "executescript", "raw")
    return executes and bool(node.args) and _is_composed_sql(node.args[0])


def _is_composed_sql(node: ast.expr) -> bool:
    """Returns whether a text of SQL is put together of others: by `+`, `%`, `format`, f-string."""
    first: ast.AST = node
    match node:
        case ast.JoinedStr(values=values):
            if not values or not any(isinstance(each, ast.FormattedValue) for each in values):
                return False
            first = values[0]
        case ast.BinOp(op=ast.Add() | ast.Mod()):
            while isinstance(first, ast.BinOp):
                first = first.left
        case ast.Call(func=ast.Attribute(attr="format", value=value)):
            first = value
        case _:
            return False
    if isinstance(first, ast.JoinedStr) and first.values:
        first = first.values[0]
    return isinstance(first, ast.Constant) and bool(_SQL.match(str(first.value)))


def _is_archive(node: ast.Call, called: str, names: Mapping[str, str]) -> bool:
    unpacks = called.rpartition(".")[2] == "extractall"
    return unpacks and "tarfile" in names.values() and _keyword(node, "filter") is None


def _is_mode(node: ast.Call, called: str, names: Mapping[str, str]) -> bool:
    del names
    if called.rpartition(".")[2] != "chmod":
        return False
    modes = (each.value for each in node.args if isinstance(each, ast.Constant))
    return any(isinstance(mode, int) and mode & 0o002 for mode in modes)


def _is_debug(node: ast.Call, called: str, names: Mapping[str, str]) -> bool:
    web = any(each.partition(".")[0] in ("flask", "fastapi") for each in names.values())
    return web and called.endswith(".run") and _is_true(_keyword(node, "debug"))


def _is_unescaped(node: ast.Call, called: str, names: Mapping[str, str]) -> bool:
    del names
    if called.rpartition(".")[2] == "mark_safe":
        return True
    if called != "jinja2.Environment":
        return False
    escape = _keyword(node, "autoescape")
    return escape is None or _is_false(escape)


def _is_any_host_key(node: ast.Call, called: str, names: Mapping[str, str]) -> bool:
    if called.rpartition(".")[2] != "set_missing_host_key_policy" or not node.args:
        return False
    given = node.args[0]
    policy = _dotted(given.func if isinstance(given, ast.Call) else given, names)
    return policy.rpartition(".")[2] in ("AutoAddPolicy", "WarningPolicy")


_CALL_CHECKS: Final[Mapping[str, Callable[[ast.Call, str, Mapping[str, str]], bool]]] = {
    "shell": _is_shell,
    "hash": _is_hash,
    "yaml": _is_yaml,
    "tls": _is_tls,
    "sql": _is_sql,
    "archive": _is_archive,
    "mode": _is_mode,
    "debug": _is_debug,
    "escape": _is_unescaped,
    "host_key": _is_any_host_key,
}
