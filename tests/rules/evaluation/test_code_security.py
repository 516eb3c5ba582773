"""Security findings: each rule with source that has it, and source that has not."""

import pytest

from penstock.rules.evaluation.code_security import MAX_FINDINGS, RULE_NAMES, security_findings

WEAK = [
    ("eval", 95, "eval(input())"),
    ("eval", 95, "exec(text, {})"),
    ("shell", 78, "import os\nos.system('ls ' + name)"),
    ("shell", 78, "import subprocess as sp\nsp.run(command, shell=True)"),
    ("shell", 78, "from os import popen as p\np(x)"),
    ("unpickle", 502, "import pickle\npickle.loads(body)"),
    ("unpickle", 502, "from pickle import load\nload(file)"),
    ("yaml", 502, "import yaml\nyaml.load(text)"),
    ("yaml", 502, "import yaml\nyaml.load(text, Loader=yaml.Loader)"),
    ("weak_hash", 328, "import hashlib\nhashlib.md5(b'').hexdigest()"),
    ("weak_hash", 328, "import hashlib\nhashlib.new('SHA1')"),
    ("weak_cipher", 327, "from Crypto.Cipher import DES\nDES.new(key)"),
    ("secret", 798, "password = 'hunter2!'"),
    ("secret", 798, "connect(user='a', api_key='8f3kd93kd')"),
    ("secret", 798, "x = {'auth_token': 'abcdef123'}"),
    ("secret", 798, "key = 'AKIAABCDEFGHIJKLMNOP'"),
    ("sql", 89, "c.execute('SELECT * FROM t WHERE a = ' + name)"),
    ("sql", 89, "c.execute(f'DELETE FROM t WHERE a = {name}')"),
    ("sql", 89, "c.execute('UPDATE t SET a = %s' % name)"),
    ("sql", 89, "c.execute('INSERT INTO t VALUES ({})'.format(name))"),
    ("tls", 295, "import requests\nrequests.get(url, verify=False)"),
    ("tls", 295, "import httpx\nhttpx.Client(verify=False)"),
    ("tls", 295, "import ssl\nssl._create_unverified_context()"),
    ("temp_file", 377, "import tempfile\ntempfile.mktemp()"),
    ("archive", 22, "import tarfile\ntarfile.open(p).extractall(d)"),
    ("file_mode", 732, "import os\nos.chmod(p, 0o777)"),
    ("debug", 489, "from flask import Flask\napp = Flask('a')\napp.run(debug=True)"),
    ("escape", 79, "from jinja2 import Environment\nEnvironment()"),
    ("host_key", 295, "import paramiko\nc.set_missing_host_key_policy(paramiko.AutoAddPolicy())"),
    ("clear_text", 319, "import ftplib\nftplib.FTP(host)"),
    ("random", 330, "import random\ntoken = str(random.random())"),
]
SOUND = [
    "model.eval()",
    "import subprocess\nsubprocess.run(['ls', name])",
    "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)\nyaml.safe_load(text)",
    "import json\njson.loads(body)",
    "import hashlib\nhashlib.sha256(b'')\nhashlib.md5(b'', usedforsecurity=False)",
    "password = os.environ['PASSWORD']\ntoken = ''\nsecret = '<your secret>'",
    "token_count = 'many'",
    "c.execute('SELECT * FROM t WHERE a = ?', (name,))",
    "c.execute(f'{x}')\nrun('SELECT ' + name)",
    "import requests\nrequests.get(url, verify='ca.pem')",
    "import tarfile\ntarfile.open(p).extractall(d, filter='data')",
    "import os\nos.chmod(p, 0o600)",
    "from jinja2 import Environment\nEnvironment(autoescape=True)",
    "import secrets\ntoken = secrets.token_hex()",
    "",
]


@pytest.mark.parametrize(("rule", "cwe", "source"), WEAK)
def test_a_weakness_is_found_with_its_line(rule: str, cwe: int, source: str) -> None:
    (found,) = security_findings(f"# first\n{source}")
    assert (found.rule, found.cwe, found.line) == (rule, cwe, source.count("\n") + 2)


def test_each_rule_has_an_example() -> None:
    assert {rule for rule, _, _ in WEAK} == set(RULE_NAMES)


@pytest.mark.parametrize("source", SOUND)
def test_sound_source_has_no_finding(source: str) -> None:
    assert security_findings(source) == []


@pytest.mark.parametrize("source", ["def", "x = (" * 5000, "a\0b", "-" * 100_000 + "1"])
def test_what_is_no_python_or_nested_too_deeply_is_said(source: str) -> None:
    with pytest.raises(ValueError, match=r"not Python|null bytes"):
        security_findings(source)


def test_findings_are_bounded() -> None:
    assert len(security_findings("eval(x)\n" * 500)) == MAX_FINDINGS
