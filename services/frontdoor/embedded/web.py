"""The one question that the supervisor asks a service."""

from __future__ import annotations

import asyncio
import json


async def not_ready(host: str, port: int) -> str:
    """Why the service there is not ready, in its own words; "" when it is."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"GET /ready HTTP/1.0\r\n\r\n")
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        return f"no answer: {type(error).__name__}"
    return "" if b" 200 " in head.partition(b"\r\n")[0] else _reasons(body)


def _reasons(body: bytes) -> str:
    try:
        why: dict[str, str] = json.loads(body)["why_not"]
    except (ValueError, KeyError, TypeError):
        return "it gave no reason"
    return "; ".join(f"{part}: {reason}" for part, reason in why.items())
