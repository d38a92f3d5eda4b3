"""`frontdoor rules replay` and `rules explain --decision` read what triage stored, and nothing more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from services.triage.store import Arrival, Store
from tests.builders import MONDAY_10AM, Person
from tests.deciding import LAMBETH, small_rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from services.triage.causes import Seen
    from tests.stack import Database

IN_FORCE = """
WITH stored AS (INSERT INTO triage.ruleset (hash, locality, version, text) VALUES ($1, 'lambeth', $2, $3))
INSERT INTO triage.activation (locality, hash, effective_from, by, reason) VALUES ('lambeth', $1, $4, 'test', 'test')
"""
LOWERED = (
    ("U03 | plan or intent |                 | 4 ", "U03 | plan or intent |                 | 2 "),
    ("suicidal = plan                   | 4", "suicidal = plan                   | 2"),
    ("suicidal = intent                 | 4", "suicidal = intent                 | 2"),
)
ELSEWHERE = (
    ("mood      | 10 or more | talking-therapies ", "mood      | 10 or more | focused-support "),
    ("phq9 = 10         | 3        | talking-therapies ", "phq9 = 10         | 3        | focused-support "),
    ("phq9 = 12 | 2 | talking-therapies |", "phq9 = 12 | 2 | focused-support |"),
)


@dataclass
class Decided:
    """A database in which the small rule set is in force and has decided."""

    database: Database
    folder: Path

    async def take(self, *causes: Seen) -> None:
        arrivals = [Arrival(cause, "referrals.received", 0, place) for place, cause in enumerate(causes)]
        async with asyncpg.create_pool(self.database.dsn("frontdoor_triage")) as pool:
            store = Store(pool, {"lambeth": LAMBETH}, "lambeth")
            await store.decide(arrivals, {"lambeth": small_rules()}, MONDAY_10AM)

    def file(self, *changes: tuple[str, str]) -> str:
        text = small_rules().text.replace("small.1", "small.2")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.folder / "new.yaml").write_text(text)
        return str(self.folder / "new.yaml")

    def rules(self, *arguments: str, says: int = 0) -> str:
        environment = os.environ | {"FRONTDOOR_AUDITOR_DSN": self.database.dsn("frontdoor_auditor")}
        environment.pop("FRONTDOOR_DATA", None)
        command = [sys.executable, "-m", "services.frontdoor", "rules", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == says, done.stderr
        return done.stdout + done.stderr

    def replay(self, *arguments: str, says: int = 0) -> Any:
        return json.loads(self.rules("replay", *arguments, "--since", "2026-11-01", "--json", says=says))


@pytest.fixture
async def decided(database: Database, tmp_path: Path) -> Decided:
    rules = small_rules()
    await database.fetch(IN_FORCE, rules.hash, rules.version, rules.text.encode(), rules.effective_from)
    return Decided(database, tmp_path)


def real(*causes: Seen) -> Sequence[Seen]:
    """The same causes, of people who are not made up."""
    for cause in causes:
        cause.synthetic = False
    return causes


async def test_a_past_referral_whose_urgency_would_fall_is_a_finding_by_its_id_and_comes_first(decided: Decided):
    ada, bea = Person("ada"), Person("bea")
    await decided.take(*real(bea.received(), ada.received(risk={"suicidal": "plan"})))
    file = decided.file(*LOWERED, *ELSEWHERE)
    told = decided.replay(file, says=1)
    assert (told["old"]["version"], told["new"]["version"], told["compared"]) == ("small.1", "small.2", 2)
    assert [change["referral_id"] for change in told["changes"]] == [str(ada.referral_id), str(bea.referral_id)]
    assert [(c["before"]["urgency"], c["after"]["urgency"]) for c in told["changes"]] == [("4", "2"), ("3", "3")]
    assert "Urgency would fall for 1" in decided.rules("replay", file, "--since", "2026-11-01", says=1)


async def test_each_referral_counts_once_with_what_its_newest_decision_by_rules_saw(decided: Decided):
    ada = Person("ada")
    await decided.take(
        *real(ada.received(risk={"suicidal": "plan"}), ada.amended(), ada.outcome("accepted", team="tt"))
    )
    told = decided.replay(decided.file(*LOWERED))
    assert (told["compared"], told["changes"]) == (1, [])


async def test_made_up_people_are_in_no_figure_about_real_ones(decided: Decided):
    ada, bea, eve = Person("ada"), Person("bea"), Person("eve")
    await decided.take(ada.received(), bea.received(), *real(eve.received()))
    told, of_the_made_up = decided.replay(decided.file()), decided.replay(decided.file(), "--synthetic")
    assert (told["compared"], told["not_counted"]) == (1, 2)
    assert (of_the_made_up["compared"], of_the_made_up["not_counted"]) == (2, 1)


async def test_ethnic_category_comes_from_the_referral_and_stays_out_of_the_list_by_id(decided: Decided):
    people = [Person(f"person {number}") for number in range(12)]
    causes = [
        p.received(person={"ethnic_category": "MZ"[n % 2]}, risk={"suicidal": "plan"}) for n, p in enumerate(people)
    ]
    await decided.take(*real(*causes))
    told = decided.replay(decided.file(*LOWERED), says=1)
    groups = {group["name"]: (group["people"], group["moved"], group["fell"]) for group in told["by_ethnicity"]}
    assert groups == {"Black or Black British": (6, None, 6), "not stated or not known": (6, None, 6)}
    assert "ethnic" not in json.dumps(told["changes"])


async def test_whose_facts_were_disposed_of_is_counted_and_not_compared(decided: Decided, database: Database):
    ada, bea = Person("ada"), Person("bea")
    await decided.take(*real(ada.received(), bea.received()))
    await database.fetch("SELECT triage.dispose($1, 'the end of its time')", ada.referral_id)
    told = decided.replay(decided.file())
    assert (told["compared"], told["disposed"]) == (1, 1)


async def test_a_stored_decision_is_explained_under_another_version(decided: Decided):
    ada = Person("ada")
    await decided.take(ada.received(risk={"suicidal": "plan"}))
    file = decided.file(*LOWERED)
    told = decided.rules("explain", file, "--decision", str(ada.referral_id))
    assert "By lambeth small.2" in told and "decided by lambeth small.1" in told
    assert "row C01 (crisis): to Crisis Outreach (crisis-outreach)" in told
    assert "suicidal is plan (asked: intent or plan)" in told


async def test_only_the_auditor_reads_decisions_by_rules(database: Database):
    for role in ("reader", "intake", "audit"):
        connection = await asyncpg.connect(database.dsn(f"frontdoor_{role}"))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT * FROM triage.ruled")
        await connection.close()
