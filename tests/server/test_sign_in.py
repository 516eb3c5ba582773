"""Password guessing at a real server: counted before hashing, without effect on other users."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.server.running import Answer, Caller, Server, running

SESSION = "/api/v1/session"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path / "home") as server:
        yield server


def _guess(server: Server, email: str, caller: Caller | None = None) -> Answer:
    wrong = {"email": email, "password": "wrong"}
    return server.call("POST", SESSION, caller, wrong)


def _looked_at(begun: float) -> float:
    """The most wrong passwords that are looked at: 5, and one for each second since."""
    return 6 + time.monotonic() - begun


def test_of_parallel_wrong_passwords_few_are_looked_at(server: Server) -> None:
    email = server.bootstrap["admin_email"]
    begun = time.monotonic()
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(_guess, [server] * 40, [email] * 40))
    found = Counter(answer.status for answer in answers)
    assert set(found) == {401, 429}
    assert found[401] <= _looked_at(begun)
    assert all("retry-after" in a.headers for a in answers if a.status == 429)


def test_wrong_current_passwords_are_throttled_too(server: Server) -> None:
    made = server.bootstrap
    session = server.sign_in(made["admin_email"], made["admin_password"])
    body = {"current": "wrong", "new": "a new good password"}
    path = f"{SESSION}/password"
    begun = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        tries = [pool.submit(server.call, "POST", path, session, body) for _ in range(20)]
        found = Counter(each.result().status for each in tries)
    assert set(found) == {401, 429}
    assert found[401] <= _looked_at(begun)
    # Signing in does not suffer from it.
    server.sign_in(made["admin_email"], made["admin_password"])


def test_a_device_that_has_signed_in_gets_in_while_others_guess(server: Server) -> None:
    made = server.bootstrap
    right = {"email": made["admin_email"], "password": made["admin_password"]}
    first = server.call("POST", SESSION, body=right)
    assert first.status == 200
    cookies = _set_cookies(server, right)
    _guess_until_a_wait_of(4, server, made["admin_email"])
    assert server.call("POST", SESSION, body=right).status == 429
    device = Caller({"cookie": f"penstock_device={cookies['penstock_device']}"})
    assert server.call("POST", SESSION, device, right).status == 200
    forged = Caller({"cookie": f"penstock_device={cookies['penstock_device'][:-1]}x"})
    assert server.call("POST", SESSION, forged, right).status == 429


def _guess_until_a_wait_of(seconds: int, server: Server, email: str) -> None:
    """The wait doubles with each wrong password: one of some seconds outlasts a slow machine."""
    while True:
        answer = _guess(server, email)
        if answer.status == 429 and int(answer.headers["retry-after"]) >= seconds:
            return
        time.sleep(0.1)


def _set_cookies(server: Server, body: dict[str, str]) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", SESSION, json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    cookies = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    return dict(text.partition(";")[0].split("=", 1) for text in cookies)


def test_the_api_answers_on_under_sign_in_loops(server: Server) -> None:
    stop = Event()
    statuses: Counter[int] = Counter()

    def loop(number: int) -> None:
        while not stop.is_set():
            statuses[_guess(server, f"user{number}@example.org").status] += 1

    with ThreadPoolExecutor(80) as pool:
        for number in range(80):
            pool.submit(loop, number)
        try:
            time.sleep(1.0)
            took = sorted(_timed(server) for _ in range(20))
        finally:
            stop.set()
    assert set(statuses) == {401, 429}
    assert took[len(took) // 2] < 5.0  # 8.4 s before the number of concurrent hashes was limited


def _timed(server: Server) -> float:
    start = time.monotonic()
    assert server.call("GET", SESSION, server.root).status == 200
    return time.monotonic() - start
