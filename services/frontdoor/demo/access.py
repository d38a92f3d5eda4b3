"""How the demo gets into a system: its own, or a running one whose source must be marked synthetic."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import httpx

from services.frontdoor.demo.sending import Access
from shared.errors import Usage
from shared.running import Running, find, running_here

if TYPE_CHECKING:
    from collections.abc import Mapping


def access_of(running: Running) -> Access:
    """Into a system of our own: every source, one team for all destinations, the hub."""
    if running.intake is None or running.keys is None:
        raise Usage("no-keys", "run.json of this system names no intake or no keys")
    keys = running.keys
    return Access(running.intake, running.sources or {"source": keys.source}, keys.team, keys.hub)


async def access_to(url: str, key: str, environment: Mapping[str, str] = os.environ) -> tuple[Access, Running]:
    """Into a running system with one source's key; `Usage` unless that source is marked synthetic there."""
    url = url.rstrip("/")
    source = await _whose(url, key)
    if source.get("synthetic") is not True:
        raise Usage(
            "not-synthetic",
            f"the source {source.get('name', '?')!r} at {url} is live: a demo would send invented people among real ones. "
            "Use a source with `synthetic: true` in the sources file",
        )
    running = _behind(url)
    keys = running.keys
    team = environment.get("FRONTDOOR_TEAM_KEY") or (keys.team if keys else None)
    hub = environment.get("FRONTDOOR_HUB_KEY") or (keys.hub if keys else None)
    return Access(url, {"": key}, team, hub), running


async def _whose(url: str, key: str) -> dict[str, Any]:
    """What the system says of the source behind a key."""
    async with httpx.AsyncClient(timeout=10) as client:
        try:
            response = await client.get(f"{url}/sender", headers={"Authorization": f"Bearer {key}"})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Usage("unreachable", f"no answer from {url}: {type(error).__name__}") from error
    if response.status_code == 401:
        raise Usage("unknown-key", f"{url} does not know that key")
    if response.status_code != 200:
        raise Usage("unreachable", f"{url}/sender answers {response.status_code}: is this intake of a Front Door?")
    sender: dict[str, Any] = response.json()
    if sender.get("kind") != "source":
        raise Usage("not-a-source", f"that key is a {sender.get('kind')}'s: --key must be a source's")
    return sender


def _behind(url: str) -> Running:
    """The databases and keys that belong to a URL: those of the settings, or of this user's running system there."""
    try:
        candidates = (find(), *running_here())
    except Usage:
        return Running()
    there = {None, url, url.replace("localhost", "127.0.0.1")}
    return next((running for running in candidates if running.intake in there), Running())
