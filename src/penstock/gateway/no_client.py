"""The two directions of a call without a client: nothing comes, and nothing may go out."""

from typing import NoReturn

from penstock.gateway.call import Message


async def nothing_to_receive() -> Message:
    """Raises: such a call has its body from the start."""
    raise AssertionError("a call without a client receives nothing")


async def nothing_to_send(_: Message) -> NoReturn:
    """Raises: such a call is never answered."""
    raise AssertionError("a call without a client sends nothing")
