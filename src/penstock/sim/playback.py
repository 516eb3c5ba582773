"""Sends a script to a client: each step when its tokens are due, then the scripted ending."""

import asyncio
from collections.abc import Callable
from typing import Final

from penstock.sim.call_log import CallLog, LoggedCall
from penstock.sim.exchange import SimClientDisconnected, SimExchange
from penstock.sim.script import Ending, Pace, Script, ScriptStep

_FULL: Final = 32 * 1024  # bytes buffered before they are sent, while no step has to wait

_ARRIVAL_S: Final = 0.02  # time for the client to read: a reset discards unread bytes


class Playback:
    """Sends one script to one client, once."""

    def __init__(
        self,
        exchange: SimExchange,
        script: Script,
        pace: Pace,
        call: LoggedCall,
        *,
        log: CallLog,
        monotonic: Callable[[], float],
        generated: Callable[[], None],
    ) -> None:
        """`generated` is called before the last bytes of a complete answer are sent."""
        self._exchange = exchange
        self._script = script
        self._pace = pace
        self._call = call
        self._log = log
        self._monotonic = monotonic
        self._call_generated = generated
        self._started_s = monotonic()
        self._paused_s = 0.0
        self._buffer = bytearray()

    async def run(self) -> None:
        """Plays the script to its end. Raises `SimClientDisconnected` if the client disconnects
        before; `tokens` of the call is then what a model would have generated until then."""
        script = self._script
        instant = not self._pace.takes_time and script.ending is Ending.COMPLETE
        if instant and not script.head_first and not any(s.pause_s for s in script.steps):
            await self._play()  # too short for the client to disconnect
            return
        try:
            await self._exchange.cancel_on_disconnect(self._play())
        except SimClientDisconnected:
            if not script.head_first:
                self._call.tokens = self._generated()
            raise
        if script.ending is Ending.RESET:
            await self._exchange.reset()

    async def _play(self) -> None:
        script = self._script
        if script.head_first:
            await self._exchange.start(self._call.status, script.content_type)
        for step in script.steps:
            await self._play_step(step)
        match script.ending:
            case Ending.COMPLETE:
                if script.length is None:
                    await (
                        self._flush()
                    )  # sent separately, so that the HTTP server uses chunked encoding
                self._call_generated()
                await self._flush(more=False)
            case Ending.CUT:
                await self._flush()
            case Ending.RESET:
                await self._flush()
                await asyncio.sleep(_ARRIVAL_S)
            case Ending.STALL:
                await self._flush()
                await asyncio.get_running_loop().create_future()

    async def _play_step(self, step: ScriptStep) -> None:
        if step.pause_s:
            await self._flush()
            self._paused_s += step.pause_s
            await asyncio.sleep(step.pause_s)
        due_s = self._pace.due_s(self._call.tokens + step.tokens) + self._paused_s
        wait_s = self._started_s + due_s - self._monotonic()
        if wait_s > 0 and (step.data or step.tokens):
            await self._flush()
            await asyncio.sleep(wait_s)
        if step.tokens:
            self._call.tokens += step.tokens
            self._log.first_token(self._call)
        self._buffer += step.data
        if len(self._buffer) >= _FULL:
            await self._flush()
            await asyncio.sleep(
                0
            )  # sending to a disconnected client does not wait: let the event loop detect it

    async def _flush(self, *, more: bool = True) -> None:
        if self._buffer and not self._exchange.started:
            script = self._script
            await self._exchange.start(self._call.status, script.content_type, script.length)
        if not self._exchange.started:
            return
        if self._buffer or not more:
            data, self._buffer = bytes(self._buffer), bytearray()
            await self._exchange.write(data, more=more)

    def _generated(self) -> int:
        elapsed_s = self._monotonic() - self._started_s - self._paused_s
        total = sum(step.tokens for step in self._script.steps)
        return self._pace.generated(elapsed_s, total)
