"""The events that cross a service boundary: their schemas, and that whatever was ever written can still be read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from shared.cloudevents import from_json, from_plain, to_json
from shared.events import PAYLOADS
from shared.referral import Coded
from tests.contract.compatibility import breaks, readers_first
from tests.contract.snapshot import SAMPLES, committed, published, schema_of

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted(SAMPLES.glob("*.json"))
REGENERATE = "`make apis` writes it anew and refuses what breaks a published version"


def type_of(sample: Path) -> str:
    return sample.stem.rpartition(".")[0]


def named(sample: Path) -> str:
    return sample.stem.removeprefix("frontdoor.")


@pytest.mark.parametrize("event_type", PAYLOADS)
def test_the_committed_schema_is_the_models(event_type: str) -> None:
    old, new = committed(event_type), schema_of(event_type)
    broken = breaks(old, new)
    assert not broken, f"this breaks {event_type}; leave it as it is and add a new version beside it: {broken}"
    assert old == new, f"{event_type} changed ({readers_first(old, new) or 'nothing breaks'}): {REGENERATE}"


def test_what_was_ever_published_still_has_a_model() -> None:
    assert set(published()) == set(PAYLOADS)


def test_every_type_has_a_smallest_and_a_full_sample() -> None:
    kinds = {(type_of(file), file.stem.rpartition(".")[2]) for file in FILES}
    assert kinds == {(event_type, kind) for event_type in PAYLOADS for kind in ("minimal", "full")}


@pytest.mark.parametrize("sample", FILES, ids=named)
def test_a_golden_sample_is_read_and_written_back_whole(sample: Path) -> None:
    payload = from_json(PAYLOADS[type_of(sample)], sample.read_bytes())
    assert json.loads(to_json(payload)) == json.loads(sample.read_bytes())


@pytest.mark.parametrize("sample", FILES, ids=named)
def test_a_golden_sample_fits_its_committed_schema(sample: Path) -> None:
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(committed(type_of(sample)), format_checker=checker).validate(json.loads(sample.read_bytes()))


@pytest.mark.parametrize("sample", FILES, ids=named)
def test_fields_that_a_reader_does_not_know_are_ignored_at_every_depth(sample: Path) -> None:
    model, document = PAYLOADS[type_of(sample)], json.loads(sample.read_bytes())
    assert from_plain(model, with_news(document)) == from_plain(model, document)


def with_news(part: Any, *, open_map: bool = False) -> Any:
    """The same document as a later version might write it: an unknown field in every object (facts are no object)."""
    if isinstance(part, list):
        return [with_news(item) for item in part]
    if not isinstance(part, dict):
        return part
    inside = {name: with_news(item, open_map=name == "facts") for name, item in part.items()}
    is_finding = {"code", "cure"} <= part.keys()
    return inside if open_map or is_finding else {**inside, "added_later": {"by": ["someone"]}}


def test_together_the_full_samples_leave_no_field_at_its_default() -> None:
    found = [part for file in FILES for part in parts(read(file))]
    missing = {
        f"{type(part).__name__}.{field.name}"
        for part in found
        for field in msgspec.structs.fields(part)
        if not any(
            getattr(other, field.name) not in (field.default, {}) for other in found if type(other) is type(part)
        )
    }
    assert not missing


def read(sample: Path) -> Coded:
    return from_json(PAYLOADS[type_of(sample)], sample.read_bytes())


def parts(payload: Coded) -> list[Coded]:
    inside: list[Coded] = [payload]
    for value in msgspec.structs.astuple(payload):
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Coded):
                inside += parts(item)
    return inside
