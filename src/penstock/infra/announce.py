"""How a process tells who started it that it is at work: one line of JSON on standard output."""

import asyncio
import json


async def announce(host: str, port: int) -> None:
    """Says where this process listens, once that port is answered."""
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
