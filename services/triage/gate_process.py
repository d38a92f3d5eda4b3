"""Asks the gate about a rule file, in a child process: a file that takes for ever to prove stops no decision."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


async def verdict(text: bytes, file: Path, locality: str, roles: Sequence[str], within: float) -> dict[str, Any]:
    """The gate's verdict on a rule file; none within so many seconds is a refusal like any other."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.triage.gate", str(file), locality, *roles),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        answer, _ = await asyncio.wait_for(child.communicate(text), within)
        return json.loads(answer)  # type: ignore[no-any-return]  # our own gate's document
    except TimeoutError:
        return _unproved(file, f"the proof took longer than {within:g} s")
    except ValueError:
        return _unproved(file, "the gate ended without a verdict")
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def _unproved(file: Path, why: str) -> dict[str, Any]:
    cure = "try `frontdoor rules check`; make the tables simpler, or raise FRONTDOOR_RULES_GATE_TIMEOUT and restart"
    return {"findings": [{"code": "solver", "message": f"not proved: {why}", "file": str(file), "cure": cure}]}
