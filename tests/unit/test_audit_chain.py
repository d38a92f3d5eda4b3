"""The chain: whatever is done to one row of it is named, at the first place where it shows."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.audit.chain import Entry, Gap, Head, Place, Row, digest, extend, genesis, link, same
from services.audit.findings import Finding, Stored, Walk
from shared.errors import Bug

PLACE = Place("stream.1", "referrals.received", 3)
NOW = dt.datetime(2026, 11, 23, 10, 2, 11, 123456, tzinfo=dt.UTC)

entries = st.builds(
    lambda value, headers, key, time, sequence, synthetic, event_id, kind: Entry(
        offset=0,
        kafka_time=time,
        key=key,
        headers=headers,
        value=value,
        headers_digest=digest(headers),
        value_digest=digest(value),
        event_id=event_id,
        type=kind,
        sequence=sequence,
        synthetic=synthetic,
        at=NOW,
    ),
    st.none() | st.binary(max_size=8),
    st.binary(max_size=8),
    st.none() | st.binary(max_size=4),
    st.integers(-1, 2**40),
    st.none() | st.integers(0, 2**40),
    st.booleans(),
    st.none() | st.uuids(),
    st.none() | st.text(max_size=5),
)
contents = st.lists(entries, min_size=3, max_size=12)


def chain(contents: list[Entry], log_start: int = 0) -> list[Row]:
    came = [entry._replace(offset=log_start + place) for place, entry in enumerate(contents)]
    return extend(PLACE, None, came, NOW, log_start)


def head_of(rows: list[Row]) -> Head:
    return Head(rows[-1].entry.last, rows[-1].hash)


def walk(rows: list[Row], head: Head | None, published: dict[int, bytes] | None = None) -> Finding | None:
    walking = Walk(PLACE, head, published or {})
    return walking.feed(Stored(row) for row in rows) or walking.end()


def found(rows: list[Row], head: Head | None) -> tuple[str, int] | None:
    finding = walk(rows, head)
    return (finding.kind, finding.offset) if finding else None


def rehashed(row: Row, **changes: object) -> Row:
    entry = row.entry._replace(**changes)  # type: ignore[arg-type]  # by field name
    return row._replace(entry=entry, hash=link(PLACE, entry, row.recorded_at, row.previous))


def renumbered(row: Row, by: int) -> Row:
    return row._replace(entry=row.entry._replace(offset=row.entry.offset + by))


@given(contents, st.integers(0, 5))
def test_an_untouched_chain_has_no_finding(contents: list[Entry], log_start: int) -> None:
    rows = chain(contents, log_start)
    assert found(rows, head_of(rows)) is None


@given(contents, st.lists(st.integers(1, 12)))
def test_a_chain_does_not_depend_on_how_its_records_came_in_batches(contents: list[Entry], cuts: list[int]) -> None:
    came = [entry._replace(offset=place) for place, entry in enumerate(contents)]
    edges = sorted({0, len(came), *(cut for cut in cuts if cut < len(came))})
    rows: list[Row] = []
    for start, end in pairwise(edges):
        rows += extend(PLACE, head_of(rows) if rows else None, came[max(0, start - 1) : end], NOW)  # one comes again
    assert rows == chain(contents)


def column_changes(row: Row) -> list[Row]:
    """One row for each column that could be written over, hash columns included."""
    entry, other = row.entry, b"other"
    changed = [
        entry._replace(kafka_time=entry.kafka_time + 1),
        entry._replace(key=other),
        entry._replace(headers=other),
        entry._replace(value=other),
        entry._replace(value=None if entry.value is not None else b""),
        entry._replace(headers_digest=other),
        entry._replace(value_digest=other),
        entry._replace(headers=other, headers_digest=digest(other)),
        entry._replace(value=other, value_digest=digest(other)),
        entry._replace(event_id=UUID(int=1)),
        entry._replace(referral_id=UUID(int=1)),
        entry._replace(type="other type"),
        entry._replace(causation_id=UUID(int=1)),
        entry._replace(at=NOW + dt.timedelta(microseconds=1)),
        entry._replace(accepted_time=NOW),
        entry._replace(synthetic=not entry.synthetic),
        entry._replace(sequence=(entry.sequence or 0) + 1),
    ]
    rows = [row._replace(entry=each) for each in changed]
    rows += [row._replace(recorded_at=NOW + dt.timedelta(seconds=1)), row._replace(previous=other * 6)]
    return [*rows, row._replace(hash=other * 6), row._replace(entry=entry._replace(gap_to=entry.offset))]


@given(contents, st.data())
def test_an_altered_column_is_named(contents: list[Entry], data: st.DataObject) -> None:
    rows = chain(contents)
    at = data.draw(st.integers(0, len(rows) - 1))
    for altered in column_changes(rows[at]):
        assert found([*rows[:at], altered, *rows[at + 1 :]], head_of(rows)) == ("altered", at)


@given(contents, st.data())
def test_a_row_rewritten_together_with_its_hash_is_named(contents: list[Entry], data: st.DataObject) -> None:
    rows = chain(contents)
    at = data.draw(st.integers(0, len(rows) - 1))
    rewritten = rehashed(rows[at], value=b"other", value_digest=digest(b"other"))
    assume(rewritten != rows[at])
    assert found([*rows[:at], rewritten, *rows[at + 1 :]], head_of(rows)) == ("altered", at)


@given(contents, st.data())
def test_a_removed_row_is_named(contents: list[Entry], data: st.DataObject) -> None:
    rows = chain(contents)
    at = data.draw(st.integers(0, len(rows) - 1))
    assert found([*rows[:at], *rows[at + 1 :]], head_of(rows)) == ("missing", at)


@given(contents, st.data())
def test_a_removed_row_is_named_even_when_later_rows_close_up(contents: list[Entry], data: st.DataObject) -> None:
    rows = chain(contents)
    at = data.draw(st.integers(0, len(rows) - 1))
    closed = rows[:at] + [renumbered(row, -1) for row in rows[at + 1 :]]
    assert found(closed, head_of(rows)) == ("missing", at)


@given(contents, st.data())
def test_an_inserted_row_is_named(contents: list[Entry], data: st.DataObject) -> None:
    rows = chain(contents)
    at = data.draw(st.integers(0, len(rows)))
    row = rows[min(at, len(rows) - 1)]
    inserted = rehashed(row, offset=at, value=b"put in", value_digest=digest(b"put in"))
    assert found([*rows[:at], inserted, *rows[at:]], head_of(rows)) == ("inserted", at)


@given(contents, st.data())
def test_an_inserted_row_is_named_even_when_later_rows_make_room(contents: list[Entry], data: st.DataObject) -> None:
    rows = chain(contents)
    at = data.draw(st.integers(0, len(rows) - 1))
    fitting = rehashed(rows[at], value=b"put in", value_digest=digest(b"put in"))
    for inserted in (fitting, fitting._replace(hash=b"unfitting")):
        room = [*rows[:at], inserted, *(renumbered(row, 1) for row in rows[at:])]
        assert found(room, head_of(rows)) == ("inserted", at)


@given(contents, st.data())
def test_rows_that_changed_places_are_named_at_the_first(contents: list[Entry], data: st.DataObject) -> None:
    rows = chain(contents)
    first, second = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=2, max_size=2)))
    moved = list(rows)
    moved[first] = renumbered(rows[second], first - second)
    moved[second] = renumbered(rows[first], second - first)
    assert found(moved, head_of(rows)) == ("altered", first)


def test_a_cut_off_end_is_missing_unless_the_head_was_moved_back_and_even_then_a_published_head_tells() -> None:
    rows = chain([Entry(0, 0)] * 5)
    assert found(rows[:3], head_of(rows)) == ("missing", 3)
    assert found(rows[:3], head_of(rows[:3])) is None
    finding = walk(rows[:3], head_of(rows[:3]), published={4: rows[4].hash})
    assert str(finding) == "missing stream.1 referrals.received 3 3"


def test_a_whole_chain_made_anew_contradicts_the_published_head() -> None:
    rows, forged = chain([Entry(0, 0)] * 5), chain([Entry(0, 1)] * 5)
    finding = walk(forged, head_of(forged), published={4: rows[4].hash})
    assert finding
    assert (finding.kind, finding.offset) == ("altered", 4)


def test_rows_without_a_head_were_put_in_and_a_head_without_rows_tells_what_is_missing() -> None:
    rows = chain([Entry(0, 0)] * 3)
    assert found(rows, None) == ("inserted", 0)
    assert found([], head_of(rows)) == ("missing", 0)
    assert found([], None) is None


def test_a_disposed_row_stands_by_its_digest_and_only_if_it_was_disposed_of_on_record() -> None:
    entry = Entry(0, 0, headers=b"h", value=b"v", headers_digest=digest(b"h"), value_digest=digest(b"v"))
    rows = chain([entry] * 3)
    emptied = rows[1]._replace(entry=rows[1].entry._replace(value=None, headers=None))
    walking = Walk(PLACE, head_of(rows))
    assert walking.feed([Stored(rows[0]), Stored(emptied, disposed=True), Stored(rows[2])]) is None
    assert walking.end() is None
    assert (walking.rows, walking.disposed) == (3, 1)
    assert found([rows[0], emptied, rows[2]], head_of(rows)) == ("altered", 1)


def test_what_kafka_no_longer_had_is_one_chained_row_that_cannot_be_filled_or_widened() -> None:
    rows = chain([Entry(0, 0)] * 3, log_start=5)
    assert (rows[0].entry.offset, rows[0].entry.gap_to, rows[1].entry.offset) == (0, 4, 5)
    filled = rehashed(rows[1], offset=3)
    assert found([rows[0], filled, *rows[1:]], head_of(rows)) == ("inserted", 3)
    widened = rows[0]._replace(entry=rows[0].entry._replace(gap_to=5))
    assert found([widened, *rows[2:]], head_of(rows)) == ("altered", 0)


def test_a_hole_that_kafka_does_not_explain_stops_the_batch() -> None:
    with pytest.raises(Gap, match="expected offset 1, found 2"):
        extend(PLACE, None, [Entry(0, 0), Entry(2, 0)], NOW)
    with pytest.raises(Gap, match="expected offset 3, found 4"):
        extend(PLACE, Head(1, b""), [Entry(4, 0)], NOW, log_start=3)


def test_two_chains_never_begin_alike() -> None:
    places = [PLACE, PLACE._replace(stream="stream.2"), PLACE._replace(topic="x"), PLACE._replace(partition=4)]
    assert len({genesis(place) for place in places}) == len(places)
    assert genesis(Place("a", "bc", 1)) != genesis(Place("ab", "c", 1))


def test_another_record_at_an_offset_that_is_stored_is_a_bug() -> None:
    entry = Entry(7, 0, value_digest=digest(b"v"))
    same(PLACE, entry.fingerprint, entry)
    for stored in (None, entry._replace(kafka_time=1).fingerprint, entry._replace(value_digest=None).fingerprint):
        with pytest.raises(Bug, match=r"stream\.1 referrals\.received 3 7"):
            same(PLACE, stored, entry)
