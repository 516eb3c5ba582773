"""Several workers of one home behind one port."""

import asyncio
from pathlib import Path

from gateway.homes import make_home, provider
from gateway.http_client import call, metrics_token
from gateway.raw_upstream import answers, raw_upstream, unary
from gateway.worker import worker


async def _metrics(url: str, token: str) -> str:
    return (await call(url, b"", method="GET", path="/metrics", key=token)).body.decode()


def _counted(page: str) -> int:
    """Counts the calls of the model over all workers."""
    return sum(
        int(line.rpartition(" ")[2])
        for line in page.splitlines()
        if line.startswith("penstock_requests_total{") and 'model="small"' in line
    )


def _at_rest(page: str) -> bool:
    """Returns true if both pages are newer than the last call."""
    resting = all(f'penstock_in_flight{{worker="{name}"}} 0' in page for name in "12")
    return resting and _counted(page) >= 40


async def test_workers_share_port_and_home_and_one_page_shows_them_all(tmp_path: Path) -> None:
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with (
            worker(home, worker="1") as first,
            worker(home, worker="2", port=first.port) as second,
        ):
            found = await asyncio.gather(*(call(first.url) for _ in range(40)))
            assert {answer.status for answer in found} == {200}
            assert len(await second.wait_for_ends(40)) == 40
            token = metrics_token(home)
            async with asyncio.timeout(20):  # every worker writes its page once a second
                while not _at_rest(page := await _metrics(first.url, token)):
                    await asyncio.sleep(0.1)
    assert _counted(page) == 40
    assert page.count("# TYPE penstock_requests_total counter") == 1
    assert list((home / "run").glob("*")) == []
