"""The whole system in containers, as `make up` starts it: official images, one image of ours."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared import topics
from tests.integration.compose import ROOT, Compose
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kafka_real, pytest.mark.slow, pytest.mark.timeout(600)]

OURS = ("intake", "triage", "audit", "watch")
ADA = {
    "person": {"name": "Ada Example", "born": "1990-05-01", "postcode": "SW9 8AA"},
    "reason": {"text": "Low for three months"},
    "presentation": {"phq9": 12},
    "risk": {"suicidal": "none", "life_in_danger": "no"},
}
AUDITED = "SELECT DISTINCT type FROM audit.record WHERE referral_id = $1::text::uuid"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """Built and started once; each test sends referrals of its own."""
    compose = Compose(tmp_path_factory.mktemp("compose"))
    try:
        compose.up("--build")
        yield compose
    finally:
        compose.remove()


async def test_a_referral_is_taken_decided_and_audited(system: Compose) -> None:
    referral = refer(system, "whole-way")
    await audited(system, referral)


async def test_triage_goes_on_after_a_restart(system: Compose) -> None:
    system.run("stop", "triage")
    referral = refer(system, "while-triage-was-away")
    system.run("start", "triage")
    await audited(system, referral)


async def test_everything_survives_down_and_up(system: Compose) -> None:
    referral = refer(system, "before-down")
    await audited(system, referral)
    system.run("down")
    system.up()
    assert refer(system, "before-down") == referral, "a repeat is the same referral, after a restart too"
    await audited(system, refer(system, "after-up"))


async def test_a_container_made_anew_takes_its_predecessors_place(system: Compose) -> None:
    system.run("up", "--detach", "--no-deps", "--force-recreate", "triage")
    # Well before the predecessor's session in the group has run out (45 s after its last heartbeat).
    await audited(system, refer(system, "after-an-upgrade"), seconds=30)


async def test_the_command_in_the_image_knows_this_system(system: Compose) -> None:
    referral = refer(system, "to-be-traced")
    await audited(system, referral)
    assert "unaccounted 0" in system.run("run", "--rm", "--no-deps", "frontdoor", "reconcile").stdout
    assert referral in system.run("run", "--rm", "--no-deps", "frontdoor", "trace", referral, "--json").stdout
    lag = json.loads(system.run("run", "--rm", "--no-deps", "frontdoor", "lag", "--json").stdout)
    assert {group["group"] for group in lag["groups"] if group["verdict"] in {"ok", "behind"}} == set(topics.GROUPS)


def test_the_image_has_the_commands_that_services_bring_and_bars_is_told_the_version(system: Compose) -> None:
    for command in (("rules", "history"), ("frontdoor", "sources", "invalid"), ("frontdoor", "replies")):
        system.run("run", "--rm", "--no-deps", *command)
    key = {"Authorization": f"Bearer {system.settings['FRONTDOOR_SOURCE_KEY']}"}
    told = httpx.get(f"{system.url('intake')}/bars/metadata", headers=key)
    assert (told.status_code, "version" in told.json()["software"]) == (200, True), told.text


async def test_starting_again_finds_nothing_to_do(system: Compose) -> None:
    for job in ("schemas", "topics"):
        said = system.run("run", "--rm", "--no-deps", job).stdout
        assert "0001" not in said
        assert "nothing new" in said or "0 made now" in said


@pytest.mark.parametrize("service", OURS)
def test_our_containers_can_do_little(system: Compose, service: str) -> None:
    container = system.containers()[service]
    host = container["HostConfig"]
    assert container["Config"]["User"] == "10001:10001"
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] > 0
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_audit_signs_with_a_key_that_is_made_in_its_own_volume(system: Compose) -> None:
    made = system.run("run", "--rm", "--no-deps", "audit", "frontdoor", "audit", "key", "/keys/heads.pem").stdout
    assert "BEGIN PUBLIC KEY" in made


def test_no_port_is_open_to_the_network(system: Compose) -> None:
    published = [port for one in system.containers().values() for port in one["HostConfig"]["PortBindings"].items()]
    assert {binding["HostIp"] for _, bindings in published for binding in bindings} == {"127.0.0.1"}


def test_data_lives_in_named_volumes_alone(system: Compose) -> None:
    volumes = {
        mount["Name"] for one in system.containers().values() for mount in one["Mounts"] if mount["Type"] == "volume"
    }
    assert volumes == {f"{system.project}_{name}" for name in ("kafka", "postgres", "keys")}


async def test_a_role_needs_its_password(system: Compose) -> None:
    assert await system.fetch("SELECT count(*) FROM audit.accounting", role="reader")
    system.settings["FRONTDOOR_NOBODY_PASSWORD"] = "wrong"
    with pytest.raises(asyncpg.InvalidPasswordError):
        await system.fetch("SELECT 1", role="nobody")


async def test_topics_are_made_and_none_by_accident(system: Compose) -> None:
    bootstrap = f"localhost:{system.settings['FRONTDOOR_KAFKA_PORT']}"
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(producer.partitions_for("by.accident"), timeout=3)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        assert await consumer.topics() == set(topics.AUDITED_TOPICS)


def test_without_settings_it_says_what_to_do() -> None:
    said = subprocess.run(
        ["docker", "compose", "--env-file", os.devnull, "config"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode != 0
    assert "run make up, or copy .env.example to .env" in said.stderr


def described(folder: Path, **settings: str) -> dict[str, Any]:
    """What compose makes of its file with the example's settings and more."""
    file = folder / ".env"
    more = "".join(f"{name}={value}\n" for name, value in settings.items())
    file.write_text((ROOT / ".env.example").read_text() + more)
    command = ["docker", "compose", "--env-file", str(file), "config", "--format", "json"]
    said = subprocess.run(
        command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True
    )
    services: dict[str, Any] = json.loads(said.stdout)["services"]
    return services


def test_the_places_and_the_screens_words_are_read_from_this_folder_not_from_the_image(tmp_path: Path) -> None:
    services = described(tmp_path, FRONTDOOR_SCREEN="./elsewhere/screen.yaml")
    mounted = {name: {m["target"]: m["source"] for m in services[name]["volumes"]} for name in ("intake", "triage")}
    for name in ("intake", "triage"):
        assert mounted[name]["/app/deploy/localities.yaml"] == str(ROOT / "deploy" / "localities.yaml")
    assert mounted["intake"]["/app/deploy/screen.yaml"] == str(ROOT / "elsewhere" / "screen.yaml")


def test_what_an_emergency_is_told_and_the_deprivation_table_can_be_set(tmp_path: Path) -> None:
    mine = {"FRONTDOOR_PHONE_NOW": "Phone now: 0800 0", "FRONTDOOR_DEPRIVATION": "/etc/frontdoor/deprivation.csv"}
    told = described(tmp_path, **mine)["intake"]["environment"]
    assert mine.items() <= told.items()
    silent = described(tmp_path)["intake"]["environment"]
    assert [silent.get(name) for name in mine] == [None, None], "the default is the service's own"


def test_the_fuse_can_be_put_higher_for_one_start_of_what_has_one(tmp_path: Path) -> None:
    told = described(tmp_path, FRONTDOOR_FUSE_SHARE="1")
    assert [told[name]["environment"].get("FRONTDOOR_FUSE_SHARE") for name in ("intake", "triage")] == ["1", "1"]
    silent = described(tmp_path)
    assert [silent[name]["environment"].get("FRONTDOOR_FUSE_SHARE") for name in ("intake", "triage")] == [None, None]


def refer(system: Compose, message: str) -> str:
    """Sends a referral; its id."""
    answer = system.post("/referrals", {"message_id": message, **ADA})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["referral_id"])


async def audited(system: Compose, referral: str, seconds: float = 60) -> None:
    """Waits until audit has what was received and what was decided."""

    async def recorded() -> bool:
        types = {row["type"] for row in await system.fetch(AUDITED, referral)}
        return any(".received." in name for name in types) and any(".decision." in name for name in types)

    await eventually(recorded, seconds)
