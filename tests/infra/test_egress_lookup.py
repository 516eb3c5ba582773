"""Lookups of host names: shared, and none delays another one."""

import asyncio
import threading

import pytest

from penstock.infra.egress.lookup import NameLookup, find_addresses


class Names:
    """A name server: `slow` names wait until `release` is set."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.asked: list[str] = []

    def find(self, host: str) -> list[str]:
        self.asked.append(host)
        if host.startswith("slow"):
            self.release.wait(60)
        if host.endswith(".invalid"):
            raise OSError(-2, "Name or service not known")
        return ["203.0.113.7"]


async def test_slow_names_delay_no_other_name() -> None:
    names = Names()
    lookup = NameLookup(names.find)
    slow = [asyncio.ensure_future(lookup.addresses(f"slow{at % 50}.example")) for at in range(2000)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(lookup.addresses("good.example"), 30) == ["203.0.113.7"]
    names.release.set()
    assert set(map(tuple, await asyncio.gather(*slow))) == {("203.0.113.7",)}
    assert len(names.asked) == 51


async def test_the_number_of_lookups_at_once_is_bounded() -> None:
    names = Names()
    lookup = NameLookup(names.find, most=2)
    slow = [asyncio.ensure_future(lookup.addresses(f"slow{at}.example")) for at in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="too many names"):
        await lookup.addresses("good.example")
    names.release.set()
    await asyncio.gather(*slow)
    assert await lookup.addresses("good.example") == ["203.0.113.7"]


async def test_a_caller_that_leaves_disturbs_no_other_caller() -> None:
    names = Names()
    lookup = NameLookup(names.find)
    first, second = (asyncio.ensure_future(lookup.addresses("slow.example")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    names.release.set()
    assert await second == ["203.0.113.7"]
    assert await lookup.addresses("slow.example") == ["203.0.113.7"]
    assert len(names.asked) == 2


async def test_every_caller_gets_the_error_and_the_next_one_asks_again() -> None:
    names = Names()
    lookup = NameLookup(names.find)
    calls = [lookup.addresses("gone.invalid") for _ in range(3)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in found] == [OSError] * 3
    with pytest.raises(OSError, match="not known"):
        await lookup.addresses("gone.invalid")
    assert len(names.asked) == 2


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "\ud800.example", "a..b", ""])
async def test_a_name_that_cannot_be_looked_up_is_an_error(host: str) -> None:
    with pytest.raises(OSError):
        await NameLookup().addresses(host)


async def test_addresses_need_no_lookup() -> None:
    names = Names()
    lookup = NameLookup(names.find)
    assert await lookup.addresses("127.0.0.1") == ["127.0.0.1"]
    assert await lookup.addresses("::1") == ["::1"]
    assert names.asked == []


def test_the_system_knows_this_machine() -> None:
    assert set(find_addresses("localhost")) <= {"127.0.0.1", "::1"}


async def test_without_a_thread_a_lookup_fails_and_the_next_one_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names()
    lookup = NameLookup(names.find)

    def no_start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", no_start)
        with pytest.raises(OSError, match="no thread"):
            await lookup.addresses("good.example")
    assert await lookup.addresses("good.example") == ["203.0.113.7"]
