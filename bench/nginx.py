"""nginx as the canned provider, and as the baseline: `proxy_pass` with keep-alive connections to
the provider, and plain `proxy_pass`."""

from pathlib import Path

from bench.workloads import ANSWERS, answer_body

# nginx reads a configuration parameter into a buffer of 4 kB: longer answers are split.
_PIECE = 2_000

_FRAME = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    default_type application/json;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_max_body_size 16m;
    client_body_buffer_size 256k;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {content}
}}
"""

_PROXY = """
upstream canned {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 1000000000; }}
upstream paced {{ server 127.0.0.1:{paced}; keepalive 512; keepalive_requests 1000000000; }}
server {{
    listen 127.0.0.1:{port} backlog=4096;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    location / {{ proxy_pass http://canned; }}
    location /paced/ {{ proxy_pass http://paced; proxy_buffering off; }}
}}
"""

# Without an upstream block, nginx opens a connection to the provider for each request.
_PLAIN_PROXY = """
server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
    location /paced/ {{ proxy_pass http://127.0.0.1:{paced}; proxy_buffering off; }}
}}
"""


def provider_conf(folder: Path, port: int) -> Path:
    """The canned provider: `/small/v1/chat/completions`, `/large/…`, and `/status`."""
    locations = "".join(_canned(name, size) for name, size in ANSWERS.items())
    status = "location = /status { stub_status; }"
    server = f"server {{ listen 127.0.0.1:{port} backlog=4096; {locations} {status} }}"
    return _written(folder, server)


def proxy_conf(folder: Path, port: int, upstream: int, paced: int) -> Path:
    """Forwards everything to the canned provider, `/paced/` to the streaming one, unbuffered."""
    return _written(folder, _PROXY.format(port=port, upstream=upstream, paced=paced))


def plain_proxy_conf(folder: Path, port: int, upstream: int, paced: int) -> Path:
    """The same with nginx's default settings."""
    return _written(folder, _PLAIN_PROXY.format(port=port, upstream=upstream, paced=paced))


def command(conf: Path) -> list[str]:
    """The command line for a configuration."""
    return ["nginx", "-c", str(conf), "-p", str(conf.parent), "-e", "stderr"]


def requests_seen(status_page: str) -> int:
    """The total of requests in nginx's `stub_status` page."""
    lines = status_page.splitlines()
    return int(lines[2].split()[2])


def _canned(name: str, size: int) -> str:
    body = answer_body(size).decode()
    pieces = [body[at : at + _PIECE] for at in range(0, len(body), _PIECE)]
    sets = "".join(f"set $p{i} '{piece}';" for i, piece in enumerate(pieces))
    joined = "".join(f"${{p{i}}}" for i in range(len(pieces)))
    return f"location = /{name}/v1/chat/completions {{ {sets} return 200 '{joined}'; }}"


def _written(folder: Path, content: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    conf = folder / "nginx.conf"
    conf.write_text(_FRAME.format(folder=folder, content=content))
    return conf
