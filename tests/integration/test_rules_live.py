"""Rule files that change while triage runs: what comes into force, when, where, and how it is taken back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from shared import events, topics
from shared.cloudevents import from_json, header
from shared.events import Decision, RulesActivated
from tests.builders import Person
from tests.feeding import routed, send
from tests.signing import signed
from tests.waiting import eventually

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from tests.stack import Stack

SMALL = (Path(__file__).parents[1] / "samples" / "small-ruleset.yaml").read_text()
ADA = ("--by", "Dr Ada Example", "--reason", "it sent people to the wrong team")


def version(number: int, *changes: tuple[str, str]) -> str:
    """The small rule set as another version, approved."""
    text = SMALL.replace("small.1", f"small.{number}")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return signed(text)


def frontdoor(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    roles = {"FRONTDOOR_READER_DSN": "frontdoor_reader", "FRONTDOOR_ADMIN_DSN": "frontdoor_owner"}
    environment = os.environ | {name: stack.database.dsn(role) for name, role in roles.items()}
    command = [sys.executable, "-m", "services.frontdoor", "rules", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def history(stack: Stack) -> list[dict[str, Any]]:
    done = frontdoor(stack, "history", "--json")
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout)["history"])


def standing(stack: Stack, locality: str = "lambeth") -> list[str]:
    return [event["version"] for event in history(stack) if event["in_force"] and event["locality"] == locality]


async def activated(stack: Stack, *expected: str, locality: str = "lambeth") -> None:
    """Waits until these versions, and no others, were activated in this order."""

    async def so() -> bool:
        rows = await stack.fetch(
            "SELECT version FROM triage.activation a JOIN triage.ruleset USING (hash) WHERE a.locality = $1 ORDER BY id",
            locality,
        )
        return [row["version"] for row in rows] == list(expected)

    await eventually(so)


async def operations(stack: Stack, event_type: str) -> list[ConsumerRecord[bytes, bytes]]:
    return [r for r in await stack.records(topics.OPERATIONS) if header(r.headers, "ce_type") == event_type]


async def versions_of(stack: Stack, count: int) -> dict[str, str]:
    """By referral, the version that decided it, once there are `count` records."""
    decisions = [from_json(Decision, record.value) for record in await routed(stack, count)]
    return {str(d.referral_id): d.rules.version for d in decisions if d.rules}


async def metric(stack: Stack, name: str) -> dict[str, float]:
    lines = (await stack.get("/metrics", to="triage")).text.splitlines()
    found = (line.rsplit(" ", 1) for line in lines if line.startswith(f"{name}{{"))
    return {labels.removeprefix(name): float(value) for labels, value in found}


async def test_rules_that_cannot_be_read_are_refused_and_what_runs_goes_on(small: Stack) -> None:
    small.start("triage", rules_poll=0.2)
    file = small.config / "rules/lambeth/ruleset.yaml"
    file.write_text(SMALL.replace("10 or more", "10 or moor"))
    (refused,) = await eventually(lambda: operations(small, events.RULES_REFUSED))
    assert b"10 or moor" in refused.value
    await send(small, Person("ada").received())
    assert set((await versions_of(small, 1)).values()) == {"small.1"}
    (came,) = await operations(small, events.RULES_ACTIVATED)
    assert b"small.1" in came.value
    assert await metric(small, "frontdoor_rules_refused_total") == {'{code="parse",locality="lambeth"}': 1}
    assert [(event["what"], event["in_force"]) for event in history(small)] == [("activated", True), ("refused", False)]


async def test_an_edited_file_is_refused_until_it_is_approved_again(small: Stack) -> None:
    small.start("triage", rules_poll=0.2)
    file = small.config / "rules/lambeth/ruleset.yaml"
    file.write_text(SMALL.replace("small.1", "small.2"))
    await eventually(lambda: operations(small, events.RULES_REFUSED))
    for role in ("clinical safety officer", "clinician", "someone who uses services"):
        done = frontdoor(small, "approve", str(file), "--role", role, "--name", "Dr Example")
        assert done.returncode == 0, done.stderr
    await activated(small, "small.1", "small.2")
    assert {finding["code"] for event in history(small) for finding in event["findings"]} == {"approval"}


async def test_an_earlier_file_put_back_is_in_force_again_and_a_version_stands_for_one_content(small: Stack) -> None:
    small.start("triage", rules_poll=0.2)
    file = small.config / "rules/lambeth/ruleset.yaml"
    file.write_text(version(1, ("reason: a small set", "reason: another small set")))
    (refused,) = await eventually(lambda: operations(small, events.RULES_REFUSED))
    assert b"version small.1 is taken" in refused.value
    file.write_text(version(2))
    await activated(small, "small.1", "small.2")
    file.write_text(SMALL)
    await activated(small, "small.1", "small.2", "small.1")


async def test_a_mounted_configs_symlink_swap_brings_a_version_into_force_and_loses_no_record(small: Stack) -> None:
    """As Kubernetes mounts a ConfigMap: the file leads to `..data`, and that to a folder which is swapped in one step."""
    mount = small.config / "rules/lambeth"
    (mount / "ruleset.yaml").unlink()
    for folder, text in (("..2026_11_23_10_00", SMALL), ("..2026_11_23_11_00", version(2))):
        (mount / folder).mkdir()
        (mount / folder / "ruleset.yaml").write_text(text)
    (mount / "..data").symlink_to("..2026_11_23_10_00")
    (mount / "ruleset.yaml").symlink_to("..data/ruleset.yaml")
    small.start("triage", rules_poll=0.2)
    before = [Person(f"before {n}").received() for n in range(10)]
    await send(small, *before)
    assert set((await versions_of(small, 10)).values()) == {"small.1"}
    (mount / "..data_tmp").symlink_to("..2026_11_23_11_00")
    (mount / "..data_tmp").rename(mount / "..data")
    await send(small, *[Person(f"meanwhile {n}").received() for n in range(10)])
    await activated(small, "small.1", "small.2")
    after = [Person(f"after {n}").received() for n in range(10)]
    await send(small, *after)
    decided = await versions_of(small, 30)
    assert len(decided) == 30
    assert {decided[str(cause.referral_id)] for cause in after} == {"small.2"}


async def test_a_version_waits_for_its_time_and_then_decides(small: Stack) -> None:
    file = small.config / "rules/lambeth/ruleset.yaml"
    small.start("triage", rules_poll=0.2)
    file.write_text(version(2, ("2026-01-01T00:00:00+00:00", "2126-01-01T00:00:00+00:00")))
    await activated(small, "small.1", "small.2")
    await send(small, Person("early").received())
    assert set((await versions_of(small, 1)).values()) == {"small.1"}
    assert standing(small) == ["small.1"]
    await small.fetch("UPDATE triage.activation SET effective_from = now() WHERE id = 2")
    late = Person("late").received()
    await send(small, late)
    assert (await versions_of(small, 2))[str(late.referral_id)] == "small.2"
    shown = await eventually(lambda: _only(small, '{locality="lambeth",version="small.2"}'))
    assert shown
    (age,) = (await metric(small, "frontdoor_rules_age_seconds")).values()
    (row,) = await small.fetch("SELECT extract(epoch FROM now() - effective_from) FROM triage.activation WHERE id = 2")
    assert 0 <= float(row[0]) - age < 5


async def _only(stack: Stack, labels: str) -> bool:
    return await metric(stack, "frontdoor_rules_in_force") == {labels: 1}


async def test_a_rollback_is_in_force_at_once_and_no_file_that_lies_there_undoes_it(small: Stack) -> None:
    file = small.config / "rules/lambeth/ruleset.yaml"
    small.start("triage", rules_poll=0.2)
    file.write_text(version(2))
    await activated(small, "small.1", "small.2")
    done = frontdoor(small, "rollback", *ADA)
    assert (done.returncode, done.stdout) == (0, "lambeth: small.1 is in force again, instead of small.2\n"), (
        done.stderr
    )
    await send(small, Person("ada").received())
    assert set((await versions_of(small, 1)).values()) == {"small.1"}
    await eventually(lambda: _announced(small, ("small.1", *ADA[1::2])))
    small.stop("triage")
    small.start("triage", rules_poll=0.2)
    assert small.logs("triage").count("rules file is not in force") == 1
    small.stop("triage")
    file.write_text(SMALL)  # as an instance that sees the folder late: the earlier file, then the one that was left
    small.start("triage", rules_poll=0.2)
    file.write_text(version(2))
    await eventually(lambda: small.logs("triage").count("rules file is not in force") == 2)
    assert standing(small) == ["small.1"]
    file.write_text(version(3))
    await activated(small, "small.1", "small.2", "small.1", "small.3")
    assert frontdoor(small, "rollback", "--to", "small.2", *ADA).returncode == 0
    assert standing(small) == ["small.2"]
    assert [event["instead_of"] for event in history(small)] == [None, None, "small.2", None, "small.3"]


async def _announced(stack: Stack, said: tuple[str, ...]) -> bool:
    found = [from_json(RulesActivated, record.value) for record in await operations(stack, events.RULES_ACTIVATED)]
    return said in [(event.version, event.by, event.reason) for event in found]


async def test_localities_stand_side_by_side_with_their_own_rules_and_approvals(small: Stack) -> None:
    places = small.config / "localities.yaml"
    config = yaml.safe_load(places.read_text())
    config["localities"]["north"] = {"name": "North", "opening_hours": {}, "approvals": ["pharmacist"]}
    places.write_text(yaml.safe_dump(config))
    folder = small.config / "rules/north"
    folder.mkdir()
    north = version(7, ("ruleset: lambeth", "ruleset: north"), ("role: clinician", "role: pharmacist"))
    (folder / "ruleset.yaml").write_text(north)
    small.start("triage", rules_poll=0.2)
    await activated(small, "small.7", locality="north")
    people = {name: Person(name, locality=name).received() for name in ("lambeth", "north")}
    await send(small, *people.values())
    decided = await versions_of(small, 2)
    assert {name: decided[str(cause.referral_id)] for name, cause in people.items()} == {
        "lambeth": "small.1",
        "north": "small.7",
    }
    (folder / "ruleset.yaml").write_text(SMALL)  # another place's file, though it passed the gate there
    (refused,) = await eventually(lambda: operations(small, events.RULES_REFUSED))
    assert b"no approval by a pharmacist" in refused.value
    assert standing(small, "north") == ["small.7"]
    assert frontdoor(small, "rollback", *ADA).returncode == 2  # which of the two?
    none_before = frontdoor(small, "rollback", "--locality", "north", *ADA)
    assert (none_before.returncode, "small.7 was the first in force" in none_before.stderr) == (2, True)


async def test_a_set_that_never_passed_its_gate_cannot_be_rolled_back_to(small: Stack) -> None:
    small.start("triage", rules_poll=0.2)
    (small.config / "rules/lambeth/ruleset.yaml").write_text(SMALL.replace("small.1", "small.2"))
    await eventually(lambda: operations(small, events.RULES_REFUSED))
    done = frontdoor(small, "rollback", "--to", "small.2", *ADA)
    assert (done.returncode, done.stdout) == (2, "")
    assert "small.2 was never in force in lambeth" in done.stderr
    await activated(small, "small.1")


async def test_referrals_wait_where_the_set_in_force_is_read_no_more(small: Stack) -> None:
    await small.fetch(
        "INSERT INTO triage.ruleset (hash, locality, version, text) VALUES ('old', 'lambeth', 'old', 'x')"
    )
    columns, values = "locality, hash, effective_from, by, reason", "'lambeth', 'old', now(), 'x', 'x'"
    await small.fetch(f"INSERT INTO triage.activation ({columns}) VALUES ({values})")
    ada = Person("ada").received()
    await send(small, ada)
    small.start("triage", rules_poll=0.2)
    assert await versions_of(small, 1) == {str(ada.referral_id): "small.1"}
