"""`secrets`: finds API keys, tokens and private keys by their forms.

A form has a fixed begin, so that a search costs little and finds little else. Secrets without one
(passwords, the keys of some vendors) are not found.
"""

import re
import string
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from penstock.rules.guards.policies import Options
from penstock.rules.guards.scanning import Finding

MAX_IN_TOKENS: Final = 4096  # of a token; the rest of a longer one is not part of it
MAX_KEY_CHARS: Final = 16_384  # of a private key, as it is written
_FOLLOWING: Final = 160  # characters after a private key that may still belong to it
_MIN_TOKEN: Final = 20


class _Form(NamedTuple):
    """A kind of secrets: how it begins, and how it goes on after that."""

    kind: str
    begins: tuple[str, ...]
    rest: str


_W: Final = r"[A-Za-z0-9_\-]"
_N: Final = r"[A-Za-z0-9]"
_FORMS: Final = (
    _Form("Penstock key", ("pk_",), _W + "{43}"),
    _Form("Penstock client token", ("pct_",), _W + r"{40,4096}\." + _W + "{43}"),
    _Form("Anthropic key", ("sk-ant-",), _W + "{20,200}"),
    _Form("OpenRouter key", ("sk-or-v1-",), "[0-9a-f]{64}"),
    _Form("OpenAI key", ("sk-proj-", "sk-svcacct-", "sk-admin-"), _W + "{20,250}"),
    _Form("API key", ("sk-",), _N + "{32,128}"),  # OpenAI's older ones, DeepSeek, Qwen, Kimi, …
    _Form("Google key", ("AIza",), _W + "{35}"),
    _Form("Google key", ("AQ.A",), _W + "{30,100}"),
    _Form("Google token", ("ya29.",), r"[A-Za-z0-9_\-.]{20,2048}"),
    _Form("AWS key", ("AKIA", "ASIA", "ABIA", "ACCA"), "[A-Z2-7]{16}"),
    _Form("AWS key", ("ABSK",), "[A-Za-z0-9+/]{40,256}"),  # of Bedrock
    _Form("Groq key", ("gsk_",), _N + "{40,80}"),
    _Form("xAI key", ("xai-",), _N + "{40,120}"),
    _Form("Perplexity key", ("pplx-",), _N + "{40,80}"),
    _Form("Hugging Face token", ("hf_", "api_org_"), _N + "{30,60}"),
    _Form("Replicate token", ("r8_",), _N + "{37}"),
    _Form("Fireworks key", ("fw_",), _N + "{20,60}"),
    _Form("Together key", ("tgp_v1_",), _W + "{40,80}"),
    _Form("NVIDIA key", ("nvapi-",), _W + "{40,100}"),
    _Form("Cerebras key", ("csk-",), _N + "{40,80}"),
    _Form("Jina key", ("jina_",), _W + "{40,100}"),
    _Form("Voyage key", ("pa-",), _W + "{43}"),
    _Form("Databricks token", ("dapi",), "[0-9a-f]{32}(?:-[0-9])?"),
    _Form("GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), _N + "{36,255}"),
    _Form("GitHub token", ("github_pat_",), "[A-Za-z0-9_]{60,255}"),
    _Form("GitLab token", ("glpat-",), _W + "{20,128}"),
    _Form("Slack token", ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-"), _W + "{20,255}"),
    _Form("Stripe key", ("sk_live_", "sk_test_", "rk_live_", "rk_test_"), _N + "{16,255}"),
    _Form("Stripe key", ("whsec_",), "[A-Za-z0-9+/]{24,128}"),
    _Form("SendGrid key", ("SG.",), _W + r"{16,32}\." + _W + "{16,64}"),
    _Form("npm token", ("npm_",), _N + "{36}"),
    _Form("PyPI token", ("pypi-AgE",), _W + "{50,512}"),
    _Form("DigitalOcean token", ("dop_v1_", "doo_v1_"), "[0-9a-f]{64}"),
    _Form("Vault token", ("hvs.", "hvb."), _W + "{24,512}"),
    _Form("Shopify token", ("shpat_", "shpss_", "shpca_", "shppa_"), "[0-9a-fA-F]{32}"),
    _Form("Linear key", ("lin_api_",), _N + "{32,64}"),
    _Form("age key", ("AGE-SECRET-KEY-1",), "[A-Z0-9]{58}"),
)
_WEB_TOKEN: Final = rf"(?<![_-])eyJ{_W}{{10,1024}}+\.eyJ{_W}{{8,2048}}+\.{_W}{{8,1000}}"
_SPACE: Final = r"(?:\s|\\[rn]){0,8}"
_NAME: Final = r"(?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_KEY: Final = (
    rf"-----BEGIN {_NAME}"
    rf"(?:{_SPACE}[A-Za-z][A-Za-z-]{{1,30}}: [^\r\n\\]{{0,100}}){{0,4}}"
    rf"(?:{_SPACE}[A-Za-z0-9+/=]{{16,80}}+){{0,150}}+"
    rf"(?:{_SPACE}[A-Za-z0-9+/=]{{0,16}}{_SPACE}-----END {_NAME})?"
)
_KEY_BEGIN: Final = "-----BEGIN"
_KEY_BEGIN_BYTES: Final = _KEY_BEGIN.encode()
_BEGIN_OF_BEGIN: Final = re.compile(r"-{1,5}(?:B[A-Z0-9 ]{0,75}-{0,4})?\Z")
_MAX_BEGIN: Final = 100  # characters of the first line of a private key

_KINDS: Final = {
    _KEY_BEGIN: "private key",
    "eyJ": "JSON web token",
    **{begin: form.kind for form in _FORMS for begin in form.begins},
}
_BEGINS: Final = sorted((begin for begin in _KINDS if begin != _KEY_BEGIN), key=len, reverse=True)
_PARTIAL: Final = frozenset(begin[:size] for begin in _BEGINS for size in range(1, len(begin)))
_LONGEST_BEGIN: Final = len(_BEGINS[0])
_ANY_BEGIN: Final = rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, _BEGINS))})"
_BEGIN: Final = re.compile(_ANY_BEGIN)
_SECRET: Final = re.compile(
    "(?<![A-Za-z0-9])(?:"
    + "|".join([re.escape(begin) + each.rest for each in _FORMS for begin in each.begins])
    + rf"|{_WEB_TOKEN})|{_KEY}"
)
_IN_TOKENS: Final = string.ascii_letters + string.digits + "_.+/=-"
_BEGIN_IN_BYTES: Final = re.compile(_ANY_BEGIN.encode())
_MASK: Final = bytes(0x61 if chr(byte) in _IN_TOKENS else 0x20 for byte in range(256))
_LONG_RUN: Final = b"a" * _MIN_TOKEN  # of a masked document
_DATA_BYTES: Final = 1024  # of a run without a mark that tokens have: base64


class Secrets:
    """`rules.guards.scanning.Scanner`."""

    max_chars = MAX_KEY_CHARS + _FOLLOWING
    look_behind = 1

    def may_be_in(self, document: bytes) -> bool:
        """Returns whether a run of characters has the begin of a token, or a private key begins."""
        # `find`: before `in` searches, it tries to read the bytes as a number, which takes longer
        dash = document.find(b"-")  # a byte is found ten times faster
        if dash >= 0 and document.find(_KEY_BEGIN_BYTES, dash) >= 0:
            return True
        masked = document.translate(_MASK)
        return masked.find(_LONG_RUN) >= 0 and any(
            _BEGIN_IN_BYTES.search(run) and not _is_data(run)
            for run in _long_runs(document, masked)
        )

    def scan(self, text: str, start: int, *, whole: bool) -> tuple[Sequence[Finding], int]:
        """Implements `Scanner`."""
        found = [
            Finding(match.start(), match.end(), _kind(match[0]))
            for match in _SECRET.finditer(text, start)
        ]
        if whole:
            return found, len(text)
        decided = _undecided_from(text, found[-1].end if found else start)
        for each in found:
            following = _FOLLOWING if text.startswith(_KEY_BEGIN, each.start) else 0
            if each.end + following >= len(text):
                decided = min(decided, each.start)
        return [each for each in found if each.start < decided], decided


class SecretDetector:
    """`spi.guard.Detector`."""

    def problem_of(self, options: Options) -> str:
        """It has no options."""
        return "The detector secrets has no options." if options else ""

    def scanner(self, options: Options) -> Secrets:  # noqa: ARG002 - it has none
        """Returns the scanner."""
        return Secrets()


def create() -> SecretDetector:
    """The entry point."""
    return SecretDetector()


def _undecided_from(text: str, start: int) -> int:
    """Returns where a secret may begin whose end has not come; the end of the text if nowhere."""
    key = _BEGIN_OF_BEGIN.search(text, max(start, len(text) - _MAX_BEGIN))
    undecided = key.start() if key is not None else len(text)
    run = max(start, len(text.rstrip(_IN_TOKENS)), len(text) - MAX_IN_TOKENS)
    begin = _BEGIN.search(text, run)
    if begin is not None:
        return min(undecided, begin.start())
    for at in range(max(run, len(text) - _LONGEST_BEGIN), len(text)):
        if text[at:] in _PARTIAL and not (at and _is_alphanumeric(text[at - 1])):
            return min(undecided, at)
    return undecided


def _long_runs(document: bytes, masked: bytes) -> Iterator[bytes]:
    """Yields the runs of characters of tokens that are as long as the shortest token."""
    start = masked.find(_LONG_RUN)
    while start >= 0:
        end = masked.find(b" ", start)
        end = len(masked) if end < 0 else end
        yield document[start:end]
        start = masked.find(_LONG_RUN, end)


def _kind(secret: str) -> str:
    if secret.startswith(_KEY_BEGIN):
        return _KINDS[_KEY_BEGIN]
    return next(_KINDS[begin] for begin in _BEGINS if secret.startswith(begin))


def _is_alphanumeric(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _is_data(run: bytes) -> bool:
    return len(run) >= _DATA_BYTES and not any(mark in run for mark in (b"-", b"_", b"."))
