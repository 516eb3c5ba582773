"""The announcement of a started process: one line of JSON on standard output."""

import asyncio
import json


async def announce(host: str, port: int) -> None:
    """Prints the address of this process, once its port accepts connections."""
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.005)
            continue
        writer.close()
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        print(json.dumps({"address": address, "port": port}), flush=True)  # noqa: T201 - the announcement
        return
