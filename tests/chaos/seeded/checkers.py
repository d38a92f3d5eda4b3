"""What must hold after a run, each a small function from what a witness saw to the sentences that are broken.

The promises are numbered as in docs/reliability.md.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from tests.chaos.seeded.poison import GROUPS as POISONED
from tests.chaos.seeded.poison import RECEIVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.chaos.seeded.poison import Put
    from tests.chaos.seeded.run import Story
    from tests.chaos.seeded.witness import Seen

ROUTED: Final = "referrals.routed."
MOST_NAMED: Final = 5


def header(record: Any, name: str) -> str | None:
    """One header of a record, or None."""
    found = next((value for key, value in record.headers if key == name), None)
    return found.decode("utf-8", "replace") if found is not None else None


def _good(seen: Seen, put: Iterable[Put]) -> Iterator[Any]:
    """The records of the received topic that intake published."""
    poison = {(one.topic, one.partition, one.offset) for one in put}
    return (r for r in seen.records[RECEIVED] if (r.topic, r.partition, r.offset) not in poison)


def _decisions(seen: Seen, put: Iterable[Put]) -> Iterator[tuple[Any, dict[str, Any]]]:
    poison = {(one.topic, one.partition, one.offset) for one in put}
    for topic, records in seen.records.items():
        if topic.startswith(ROUTED) and ".dlq." not in topic:
            for record in records:
                if (topic, record.partition, record.offset) not in poison:
                    yield record, json.loads(record.value)


def every_yes_has_exactly_one_receipt(story: Story, seen: Seen) -> Iterator[str]:
    """Taken means kept, and a repeat is the same thing (promise 1)."""
    receipts = Counter((str(row["referral_id"]), row["kind"]) for row in seen.receipts)
    yeses = Counter((yes.referral_id, yes.kind) for yes in story.yeses)
    sent = Counter(pair for pair in story.sent if pair[1] != "received")
    for (referral, kind), count in yeses.items():
        most = 1 if kind == "received" else max(count, sent[referral, kind])
        if not count <= receipts[referral, kind] <= most:
            yield f"{referral} {kind}: {count} yeses, {receipts[referral, kind]} receipts"
    if len(set(story.referrals)) != len(story.referrals):
        yield "two messages were given one referral"


def every_receipt_is_published(story: Story, seen: Seen) -> Iterator[str]:
    """Nothing stays in the outbox, and each event keeps its one form however often it is published (promise 2)."""
    published = {header(record, "ce_id") for record in _good(seen, story.put)}
    for row in seen.receipts:
        if str(row["event_id"]) not in published:
            yield f"event {row['event_id']} is not in {RECEIVED}"
    yield from _copies_differ(_good(seen, story.put))


def every_cause_has_exactly_one_decision(story: Story, seen: Seen) -> Iterator[str]:
    """Decided once, and nobody is routed anew (promise 2)."""
    decided = {str(row["cause_id"]) for row in seen.decisions}
    for record in _good(seen, story.put):
        if header(record, "ce_id") not in decided:
            yield f"event {header(record, 'ce_id')} of {record.key!r} has no decision"
    said: dict[str, set[str]] = defaultdict(set)
    for _, decision in _decisions(seen, story.put):
        said[decision["cause_id"]].add(decision["decision_id"])
    yield from (f"cause {cause} was published as {len(ids)} decisions" for cause, ids in said.items() if len(ids) > 1)
    stored = {str(row["cause_id"]): str(row["decision_id"]) for row in seen.decisions}
    for cause, ids in said.items():
        if ids != {stored.get(cause)}:
            yield f"cause {cause} was published otherwise than it was stored"
    yield from (f"cause {cause} was decided and never published" for cause in stored.keys() - said.keys())


def every_referral_lies_in_one_partition(story: Story, seen: Seen) -> Iterator[str]:
    """What intake and triage publish of it: Kafka keeps no order between partitions (promise 2)."""
    ours = {str(row["referral_id"]).encode() for row in seen.receipts}
    lies: dict[bytes, set[int]] = defaultdict(set)
    for record in (*_good(seen, story.put), *(record for record, _ in _decisions(seen, story.put))):
        if record.key in ours:
            lies[record.key].add(record.partition)
    yield from (f"{key!r} lies in partitions {sorted(those)}" for key, those in lies.items() if len(those) > 1)


def every_referral_is_in_order(story: Story, seen: Seen) -> Iterator[str]:
    """Per referral: what intake took counts 1, 2, 3; each destination's topic only counts up (promise 2)."""
    for (_, key), numbers in _first_sequences(_good(seen, story.put)).items():
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{key!r} came in the order {numbers}"
    routed = (record for record, _ in _decisions(seen, story.put))
    for (topic, key), numbers in _first_sequences(routed).items():
        if numbers != sorted(numbers):  # one decision may tell several destinations of a topic
            yield f"{key!r} in {topic} came in the order {numbers}"
    sequences: dict[Any, list[int]] = defaultdict(list)
    for row in seen.decisions:
        if row["referral_id"]:
            sequences[row["referral_id"]].append(row["sequence"])
    for referral, numbers in sequences.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"decisions of {referral} are {sorted(numbers)}"


def every_record_is_audited(_: Story, seen: Seen) -> Iterator[str]:
    """A row for each record, offsets without a gap (promise 4)."""
    rows = {(row["topic"], row["partition"], row["offset"]): row for row in seen.audited}
    for place, end in seen.ends.items():
        missing = [offset for offset in range(end) if (place.topic, place.partition, offset) not in rows]
        if missing and not place.topic.startswith("_"):
            yield f"{place.topic} {place.partition}: {len(missing)} of {end} records have no row, first {missing[0]}"
    for records in seen.records.values():
        for record in records:
            row = rows.get((record.topic, record.partition, record.offset))
            if row and (_digest(row["value"]), row["key"], row["gap_to"]) != (_digest(record.value), record.key, None):
                yield f"{record.topic} {record.partition} {record.offset} was audited otherwise"


def what_comes_out_and_is_parked_is_what_came_in(story: Story, seen: Seen) -> Iterator[str]:
    """Each poison record lies in its dead letters, byte for byte; nothing else does (promise 3)."""
    letters: dict[tuple[str, int, int], list[Any]] = defaultdict(list)
    for topic, group in POISONED.items():
        for record in seen.records.get(f"{topic}.dlq.{group}", []):
            place = (
                topic,
                int(header(record, "dlq-original-partition") or -1),
                int(header(record, "dlq-original-offset") or -1),
            )
            letters[place].append(record)
    for one in story.put:
        found = letters.pop((one.topic, one.partition, one.offset), [])
        if not found:
            yield f"poison ({one.kind}) at {one.topic} {one.partition} {one.offset} is in no dead letters"
        if any((letter.key, letter.value) != (one.key, one.value) for letter in found):
            yield f"poison ({one.kind}) at {one.topic} {one.partition} {one.offset} was parked otherwise"
    yield from (f"{place} was parked, and was no poison" for place in letters)


def commits_never_go_back(story: Story, _: Seen) -> Iterator[str]:
    """As seen every second (promise 5)."""
    yield from story.commits_back


def lag_is_zero(_: Story, seen: Seen) -> Iterator[str]:
    """Every group has committed the end of every partition that it reads (promise 5)."""
    for group, offsets in seen.committed.items():
        for place, offset in offsets.items():
            if offset != seen.ends.get(place, offset):
                yield f"{group} is at {offset} of {seen.ends[place]} in {place.topic} {place.partition}"
        if not offsets:
            yield f"{group} never committed"


def nothing_personal_is_logged(story: Story, seen: Seen) -> Iterator[str]:
    """No name, no number: not in a log line, a key, a header, nor a value (promise 6)."""
    for name, text in story.logs.items():
        yield from (f"{mark!r} is in the log of {name}" for mark in story.marks if mark in text)
    marks = [mark.encode() for mark in story.marks]
    for topic, records in seen.records.items():
        for record in records:
            whole = b" ".join((record.key or b"", record.value or b"", *(value for _, value in record.headers)))
            if any(mark in whole for mark in marks):
                yield f"a mark is in {topic} {record.partition} {record.offset}"


def every_chain_stands(story: Story, _: Seen) -> Iterator[str]:
    """The one look through our own eyes: `audit verify`, which is what an auditor has (promise 4)."""
    yield from story.verified.splitlines()


def senders_were_answered_rightly(story: Story, _: Seen) -> Iterator[str]:
    """No answer but a yes, or a reason to try again; a repeat is answered as before (promise 1)."""
    yield from story.wrong


CHECKERS: Final[tuple[Callable[[Story, Seen], Iterator[str]], ...]] = (
    every_yes_has_exactly_one_receipt,
    every_receipt_is_published,
    every_cause_has_exactly_one_decision,
    every_referral_lies_in_one_partition,
    every_referral_is_in_order,
    every_record_is_audited,
    what_comes_out_and_is_parked_is_what_came_in,
    commits_never_go_back,
    lag_is_zero,
    nothing_personal_is_logged,
    every_chain_stands,
    senders_were_answered_rightly,
)


def each_event_is_published_once(story: Story, seen: Seen) -> Iterator[str]:
    """Only of a run in which instances come and go in order: a member ends what it began before it hands over (promise 2)."""
    ours = (*_good(seen, story.put), *(record for record, _ in _decisions(seen, story.put)))
    for (topic, name), count in Counter((record.topic, header(record, "ce_id")) for record in ours).items():
        if count > 1:
            yield f"event {name} was published {count} times in {topic}"


def broken(story: Story, seen: Seen) -> dict[str, list[str]]:
    """What does not hold, by the name of its checker; some of each."""
    in_order = {*story.done, *story.unseen} <= {"scale"}
    checkers = (*CHECKERS, each_event_is_published_once) if in_order else CHECKERS
    found = {check.__name__: list(check(story, seen)) for check in checkers}
    return {name: [f"{len(those)} in all", *those[:MOST_NAMED]] for name, those in found.items() if those}


def _first_sequences(records: Iterable[Any]) -> dict[tuple[str, bytes], list[int]]:
    """The sequences of the events of each topic and key, in the order of their first occurrences."""
    order: dict[tuple[str, bytes], list[int]] = defaultdict(list)
    ids: set[str | None] = set()
    for record in sorted(records, key=lambda r: (r.topic, r.partition, r.offset)):
        if header(record, "ce_id") not in ids and (number := header(record, "ce_sequence")):
            ids.add(header(record, "ce_id"))
            order[record.topic, record.key].append(int(number))
    return order


def _copies_differ(records: Iterable[Any]) -> Iterator[str]:
    copies: dict[str | None, set[Any]] = defaultdict(set)
    for record in records:
        copies[header(record, "ce_id")].add((record.partition, record.key, record.value, tuple(record.headers)))
    yield from (f"event {name} has {len(those)} forms" for name, those in copies.items() if len(those) > 1)


def _digest(value: bytes | None) -> str:
    return hashlib.sha256(value).hexdigest() if value is not None else ""
