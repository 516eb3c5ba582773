"""Rolling restarts with real processes: no connection is lost, accepted or not."""

import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from entrypoints.up.test_supervisor import Supervised, alive, supervise
from tests.ports import free_port

__all__ = ["supervise"]
Supervise = Callable[..., Supervised]


class Talk:
    """A connection to one of the processes; it stays open until `end`."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._file = self._socket.makefile("rb")
        self.pid = int(self._file.readline())

    def end(self) -> bytes:
        """Returns what comes after the byte that ends it: nothing."""
        self._socket.sendall(b".")
        rest = self._file.read()
        self.close()
        return rest

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def reported(it: Supervised, line: str) -> bool:
    return line in [f"{kind} {value}" for _, kind, value in it.events(of="supervisor")]


def started(supervise: Supervise, **arguments: object) -> tuple[Supervised, int]:
    """Starts programs that listen, and waits until they do."""
    port = free_port()
    it = supervise(port=port, **arguments)
    it.wait_for(lambda: reported(it, "is ready"))
    return it, port


def restart(it: Supervised) -> None:
    it.process.send_signal(signal.SIGUSR2)


def test_processes_are_replaced_one_by_one_and_end_with_their_connections(
    supervise: Supervise,
) -> None:
    programs = {"one": ("listen", 0), "two": ("listen", 0), "server": ("serve", 1)}
    it, port = started(supervise, drain_s=60, **programs)
    old = {it.pids("one")[0], it.pids("two")[0]}
    talks = [Talk(port) for _ in range(40)]
    assert {one.pid for one in talks} == old, "each got some"
    restart(it)
    it.wait_for(lambda: it.events(kind="retired"))
    assert (len(it.pids("one")), len(it.pids("two"))) == (2, 1), "the second waits for the first"
    assert all(one.end() == b"" for one in talks)
    it.wait_for(lambda: reported(it, "restart 1 done"))
    it.wait_for(lambda: len(it.events(kind="stopped")) == 2)
    it.wait_for(lambda: not any(map(alive, old)))
    assert [len(it.pids(name)) for name in programs] == [2, 2, 1]
    it.process.send_signal(signal.SIGTERM)
    assert it.process.wait(20) == 0


def test_no_connection_is_lost_in_restart_after_restart(supervise: Supervise) -> None:
    it, port = started(supervise, one=("listen", 0), two=("listen", 0))

    def connect(_: int) -> int:
        talk = Talk(port)
        assert talk.end() == b""
        return talk.pid

    served: set[int] = set()
    with ThreadPoolExecutor(8) as threads:
        for number in range(1, 4):
            old = [it.pids(name)[-1] for name in ("one", "two")]
            restart(it)
            while any(map(alive, old)):
                served.update(threads.map(connect, range(8)))
            assert reported(it, f"restart {number} done")
        served.update(threads.map(connect, range(50)))
    assert served == {*it.pids("one"), *it.pids("two")}


def test_a_new_process_that_does_not_serve_leaves_the_old_one(supervise: Supervise) -> None:
    it, port = started(supervise, one=("listen once", 0))
    restart(it)
    it.wait_for(lambda: reported(it, "restart 1 failed"))
    talk = Talk(port)
    assert (talk.pid, talk.end()) == (it.pids("one")[0], b"")
    assert it.events(kind="retired") == []


def test_a_restart_is_refused_while_calls_of_the_last_one_go_on(supervise: Supervise) -> None:
    it, port = started(supervise, one=("listen", 0))
    talk = Talk(port)
    restart(it)
    it.wait_for(lambda: reported(it, "restart 1 done"))
    restart(it)
    it.wait_for(lambda: reported(it, "restart 2 failed"))
    assert talk.end() == b""
    it.wait_for(lambda: not alive(talk.pid))
    restart(it)
    it.wait_for(lambda: reported(it, "restart 3 done"))


def test_a_replaced_process_that_does_not_end_is_stopped(supervise: Supervise) -> None:
    it, port = started(supervise, drain_s=0.5, one=("listen", 0))
    talk = Talk(port)
    restart(it)
    it.wait_for(lambda: not alive(talk.pid))
    talk.close()
    assert alive(it.pids("one")[-1])


def test_a_stop_in_the_middle_ends_all_processes(supervise: Supervise) -> None:
    it, port = started(supervise, one=("listen", 0), two=("listen", 0))
    talks = [Talk(port) for _ in range(20)]
    restart(it)
    it.wait_for(lambda: it.events(kind="retired"))
    it.process.send_signal(signal.SIGTERM)
    assert it.process.wait(30) == 0
    assert not any(map(alive, it.pids()))
    for one in talks:
        one.close()
