"""Two minutes of seeded faults from steady state; `make chaos` does the same for longer and with any seed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.chaos.seeded.run import run

if TYPE_CHECKING:
    from tests.stack import Stack

SEED = int(os.environ.get("CHAOS_SEED", "20261123"))
SECONDS = 120


@pytest.mark.kafka_real
@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_whatever_happens_in_two_minutes_every_invariant_holds(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    def tell(text: str) -> None:
        with capsys.disabled():
            print(text)

    story = await run(stack, SEED, SECONDS, tell)
    assert story.faults > 5
    assert not story.broken, f"again: python -m tests.chaos.seeded --seed {SEED} --minutes {SECONDS / 60:g}"
