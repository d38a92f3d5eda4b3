"""What triage decided, as intake follows it: what cannot be kept is parked, and a decision for nobody is said aloud."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from prometheus_client import REGISTRY

from services.intake.app import Beside, follow_triage
from services.intake.senders import Senders, Team
from services.intake.settings import IntakeSettings
from services.intake.status import StatusHandler, decision_in
from shared.cloudevents import from_plain, header, to_json
from shared.errors import Bug, Poison, Transient
from shared.events import Decision
from shared.health import Health
from tests.builders import MONDAY_10AM, ARecord, an_id

if TYPE_CHECKING:
    from shared.kafka import Record


def a_decision(*, synthetic: bool = False, **fields: Any) -> ARecord:
    """A record of a routed topic."""
    decided: dict[str, Any] = {
        **dict.fromkeys(("decision_id", "cause_id", "referral_id"), an_id("decision")),
        **dict.fromkeys(("received_at", "decided_at", "due_at"), MONDAY_10AM),
        **dict.fromkeys(("destination", "service"), "memory-service"),
        "sequence": 1,
        "cause_type": "frontdoor.referral.received.v1",
        "kind": "route",
        "status": "routed",
        "urgency": "3",
        "care_setting": "secondary-care",
        "team_type": "A16",
        "gate": "sample",
        "response": "6 weeks",
        "locality": "lambeth",
    }
    value = to_json(from_plain(Decision, decided | fields))
    marks = (("ce_synthetic", b"true"),) if synthetic else ()
    return ARecord(topic="referrals.routed.secondary-care", value=value, headers=marks)


class Kept:
    """Stands for the store and for Kafka: what reached them. `away` are dead-letter topics that take nothing."""

    def __init__(self, *away: str) -> None:
        self.away = away
        self.decisions: list[Decision] = []
        self.letters: list[Record] = []

    async def note_decisions(self, decisions: list[Decision]) -> None:
        self.decisions += decisions

    async def publish_apart(self, groups: list[list[Record]], _: float) -> list[Any]:
        return [self._take(letters) for letters in groups]

    def _take(self, letters: list[Record]) -> Any:
        if letters[0].topic in self.away:
            return Transient("kafka-refused", "TopicAuthorizationFailedError")
        self.letters += letters
        return list(range(len(letters)))


def a_team(name: str, destination: str, **fields: Any) -> Team:
    """A team that stands for one destination."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return Team(id=name, name=name, keys=(digest,), destinations=frozenset({destination}), **fields)


TEAMS = (
    a_team("memory", "memory-service"),
    a_team("a demonstration", "new-service", synthetic=True),
    a_team("next door", "new-service", locality="southwark"),
)


SETTINGS = IntakeSettings(postgres_dsn="", person_secret="a secret of the tests", fuse_window=10)


async def handled(*records: ARecord) -> Kept:
    kept: Any = Kept()
    batch: Any = {("referrals.routed.secondary-care", 0): list(records)}
    await StatusHandler(SETTINGS, kept, kept, Senders((), TEAMS))(batch)
    return kept  # type: ignore[no-any-return]  # it stands for two things


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"sequence": 2**31}, "sequence"),
        ({"cause_sequence": 2**31}, "cause_sequence"),
        ({"destination": "memory\0service"}, "destination"),
        ({"told": ("memory\0service",)}, "told"),
        ({"decided_at": MONDAY_10AM.replace(tzinfo=None)}, "decided_at"),
    ],
)
async def test_a_decision_that_cannot_be_kept_is_parked_and_the_others_are_kept(fields: dict[str, Any], place: str):
    with pytest.raises(Poison, match=place):
        decision_in(a_decision(**fields))
    kept = await handled(a_decision(**fields), a_decision())
    assert [header(letter.headers, "dlq-error-code") for letter in kept.letters] == ["not-a-decision"]
    assert len(kept.decisions) == 1


async def test_where_a_dead_letter_cannot_be_written_its_partition_stops_and_the_others_go_on():
    kept: Any = Kept("referrals.routed.secondary-care.dlq.intake-status")
    poison = ARecord(topic="referrals.routed.secondary-care", offset=6, value=b"{")
    sound, later = a_decision(sequence=1), a_decision(sequence=3)
    sound.offset, later.offset = 5, 7
    elsewhere = a_decision(sequence=2)
    elsewhere.topic, other = "referrals.routed.peer-support", ARecord(topic="referrals.routed.peer-support", value=b"{")
    batch: Any = {
        ("referrals.routed.secondary-care", 0): [sound, poison, later],
        ("referrals.routed.peer-support", 0): [other, elsewhere],
    }
    stops = await StatusHandler(SETTINGS, kept, kept, Senders((), TEAMS))(batch)
    assert stops == {("referrals.routed.secondary-care", 0): 6}
    assert [decision.sequence for decision in kept.decisions] == [1, 2]
    assert [letter.topic for letter in kept.letters] == ["referrals.routed.peer-support.dlq.intake-status"]


async def test_a_batch_that_is_tried_again_writes_no_dead_letter_twice():
    kept: Any = Kept()
    handle = StatusHandler(SETTINGS, kept, kept, Senders((), TEAMS))
    batch: Any = {("referrals.routed.secondary-care", 0): [a_decision(sequence=2**31)]}
    for _ in range(3):
        assert await handle(batch) == {}
    assert len(kept.letters) == 1


async def test_where_most_of_the_newest_records_are_poison_nothing_is_parked_or_noted_however_often_it_is_tried():
    kept: Any = Kept()
    handle = StatusHandler(SETTINGS, kept, kept, Senders((), TEAMS))
    poison, sound = [a_decision(sequence=2**31) for _ in range(6)], [a_decision(sequence=n) for n in range(1, 5)]
    for offset, record in enumerate([*poison, *sound]):
        record.offset = offset
    for _ in range(2):
        with pytest.raises(Bug, match="6 of the newest 10"):
            await handle({("referrals.routed.secondary-care", 0): [*poison, *sound]})
    assert (kept.letters, kept.decisions) == ([], [])


async def test_a_parked_record_is_named_by_its_ids_where_they_are_ids():
    trace, mine = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", str(an_id("ada"))
    named = ARecord(key=mine.encode(), headers=(("traceparent", trace.encode()),), value=b"no decision")
    nameless = ARecord(key=b"Ada Example", headers=(("traceparent", b"Ada Example"),), value=b"no decision")
    with structlog.testing.capture_logs() as lines:
        await handled(named, nameless)
    assert [(line["referral_id"], line["traceparent"]) for line in lines] == [(mine, trace), (None, None)]


async def test_a_decision_for_a_destination_that_no_live_team_there_stands_for_is_said_aloud_and_counted(
    capsys: pytest.CaptureFixture[str],
):
    before = figure("frontdoor_nobody_receives_total", destination="new-service")
    kept = await handled(a_decision(destination="new-service", told=("memory-service", "new-service")))
    assert len(kept.decisions) == 1
    assert figure("frontdoor_nobody_receives_total", destination="new-service") == before + 1
    assert "no team receives" in capsys.readouterr().out


async def test_a_decision_for_a_team_or_about_nobody_real_is_no_cause_for_alarm(capsys: pytest.CaptureFixture[str]):
    await handled(a_decision(told=("memory-service",)), a_decision(destination="new-service", synthetic=True))
    assert "no team receives" not in capsys.readouterr().out


async def test_whether_decisions_are_followed_shows_as_a_figure_and_never_as_not_ready():
    whole = Health(90)
    beside = Beside(whole)
    beside.check("intake-status", ok=True)
    assert figure("frontdoor_statuses_followed") == 1
    beside.check("intake-status", ok=False, why="waiting: kafka-away")
    assert (figure("frontdoor_statuses_followed"), whole.ready()[0]) == (0, True)


async def test_a_follower_that_failed_shows_as_a_figure(monkeypatch: pytest.MonkeyPatch):
    beside = Beside(Health(90))
    beside.check("intake-status", ok=True)
    stop = asyncio.Event()

    class Failing:
        def __init__(self, *_: object, **__: object) -> None:
            """Takes what a consumer takes."""

        async def run(self, stop: asyncio.Event) -> None:
            stop.set()
            raise ValueError

    monkeypatch.setattr("services.intake.app.Consumer", Failing)
    nothing: Any = None
    await follow_triage(nothing, nothing, beside, stop)
    assert figure("frontdoor_statuses_followed") == 0
