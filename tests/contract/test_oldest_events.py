"""Events as they were first written are in audit for ever: today's reader reads each, and it says what it said.

`tests/samples/events` are never changed; what `docs/schemas/samples` show grows with the types.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from shared.cloudevents import from_json, to_json
from shared.events import PAYLOADS

OLDEST: Final = sorted((Path(__file__).parents[1] / "samples" / "events").glob("*.json"))


def kept(said: Any, now: Any) -> bool:
    """Whether all that was said is still said; what came since may stand beside it."""
    if isinstance(said, dict):
        return isinstance(now, dict) and all(name in now and kept(part, now[name]) for name, part in said.items())
    if isinstance(said, list):
        return isinstance(now, list) and len(said) == len(now) and all(map(kept, said, now))
    return bool(said == now)


@pytest.mark.parametrize("sample", OLDEST, ids=lambda sample: str(sample.stem))
def test_an_event_as_it_was_first_written_is_read_as_it_was_meant(sample: Path) -> None:
    event_type = sample.stem.rpartition(".")[0]
    said = json.loads(sample.read_bytes())
    assert kept(said, json.loads(to_json(from_json(PAYLOADS[event_type], sample.read_bytes()))))


def test_there_is_one_for_every_kind_of_cause_and_decision() -> None:
    types = {sample.stem.rpartition(".")[0] for sample in OLDEST}
    assert {name for name in PAYLOADS if ".referral." in name or ".decision." in name or ".outcome." in name} <= types


def test_what_is_said_otherwise_or_no_more_is_seen() -> None:
    assert not kept({"a": 1}, {"a": 2})
    assert not kept({"a": [1]}, {"a": []})
    assert not kept({"a": {"b": 1}}, {"a": {}})
