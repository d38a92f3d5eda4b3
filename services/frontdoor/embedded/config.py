"""The configuration of an embedded system: the example sources and teams of `deploy/`, each with a random key.

All of them are marked synthetic: this system is for trying, and no figure about people may come from it. The folder
holds hashes alone in the files that the services read, as in production; the keys are in `secrets.json` and run.json.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from services.frontdoor.embedded.folder import write_private
from services.frontdoor.embedded.ports import HOST, Ports
from services.frontdoor.embedded.postgres import dsn
from shared.running import Keys, Running

if TYPE_CHECKING:
    from services.frontdoor.embedded.folder import Folder, Identity

DEPLOY: Final = Path(__file__).parents[3] / "deploy"
RATE_PER_MINUTE: Final = 6000  # at least: trying the system out is not abuse
EVERYTHING: Final = ("refer", "amend", "cancel")  # what a source may do, where its entry does not say
ALL_TEAMS: Final = "every-team"
HUB_TEAM: Final = "hub"


def write(folder: Folder, ports: Ports) -> Keys:
    """Writes the sources and teams that the services of this folder know; the three keys to try it with.

    The source of those keys speaks HL7 v2 too: whatever comes to the MLLP port from this machine is its own.
    """
    sources = _read("sources")
    source = max(sources, key=lambda name: len(sources[name].get("may", EVERYTHING)))  # the first that may do most
    sources[source]["hl7"] = {"port": ports.mllp, "processing": ["P", "T", "D"]}
    teams = _read("teams") | {ALL_TEAMS: _every_team(), HUB_TEAM: _hub_team()}
    write_private(folder.sources, _text("sources", folder, sources))
    write_private(folder.teams, _text("teams", folder, teams))
    return Keys(
        source=folder.secret(f"sources/{source}"),
        team=folder.secret(f"teams/{ALL_TEAMS}"),
        hub=folder.secret(f"teams/{HUB_TEAM}"),
    )


def running(folder: Folder, identity: Identity, ports: Ports, keys: Keys) -> Running:
    """What run.json tells."""
    urls = {name: f"http://{HOST}:{getattr(ports, name)}" for name in ("intake", "triage", "audit", "watch")}
    return Running(
        **urls,
        mllp=f"{HOST}:{ports.mllp}",
        kafka=f"{HOST}:{ports.kafka}",
        postgres_dsn=dsn(folder),
        reader_dsn=dsn(folder, "frontdoor_reader"),
        auditor_dsn=dsn(folder, "frontdoor_auditor"),
        keys=keys,
        sources={name: folder.secret(f"sources/{name}") for name in _names(folder.sources, "sources")},
        teams={name: folder.secret(f"teams/{name}") for name in _names(folder.teams, "teams")},
        stream=str(identity.stream),
        pid=os.getpid(),
        data=folder.root,
    )


def environment(service: str, folder: Folder, identity: Identity, ports: Ports) -> dict[str, str]:
    """The settings of one service; what a person set for the configuration files stands."""
    files = {
        "FRONTDOOR_LOCALITIES": DEPLOY / "localities.yaml",
        "FRONTDOOR_RULES": DEPLOY / "rules",
        "FRONTDOOR_SOURCES": folder.sources,
        "FRONTDOOR_TEAMS": folder.teams,
    } | ({"FRONTDOOR_HEADS_KEY": folder.heads_key()} if service == "audit" else {})
    return {name: os.environ.get(name, str(file)) for name, file in files.items()} | {
        **_process(service, ports),
        "FRONTDOOR_POSTGRES_DSN": dsn(folder, f"frontdoor_{service}"),
        "FRONTDOOR_KAFKA": f"{HOST}:{ports.kafka}",
        "FRONTDOOR_KAFKA_SECURITY": "PLAINTEXT",
        "FRONTDOOR_STREAM": str(identity.stream),
        "FRONTDOOR_TOPIC_GENERATION": str(identity.generation),
        "FRONTDOOR_MLLP_PORT": str(ports.mllp),
        "FRONTDOOR_PERSON_SECRET": folder.secret("person"),
    }


def watch_environment(folder: Folder, ports: Ports) -> dict[str, str]:
    """The settings of `frontdoor watch` over this system, which reads accounts and nothing else."""
    return _process("watch", ports) | {
        "FRONTDOOR_DATA": "",  # run.json is not written yet
        "FRONTDOOR_READER_DSN": dsn(folder, "frontdoor_reader"),
        "FRONTDOOR_INTAKE_URL": f"http://{HOST}:{ports.intake}",
    }


def _process(name: str, ports: Ports) -> dict[str, str]:
    """The settings of every part of Front Door."""
    return {
        "FRONTDOOR_INSTANCE": "1",
        "FRONTDOOR_HOST": HOST,
        "FRONTDOOR_PORT": str(getattr(ports, name)),
        "FRONTDOOR_LOG_FORMAT": "json",
    }


def _read(what: str) -> dict[str, dict[str, Any]]:
    document: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load((DEPLOY / f"{what}.yaml").read_bytes())
    return document[what]


def _every_team() -> dict[str, Any]:
    destinations: set[str] = set()
    for file in sorted((DEPLOY / "rules").glob("*/ruleset.yaml")):
        destinations |= set(yaml.safe_load(file.read_bytes())["destinations"])
    return {"name": "Every receiving team (for trying)", "destinations": sorted(destinations - {"hub"}), "hub": False}


def _hub_team() -> dict[str, Any]:
    return {"name": "The hub (for trying)", "destinations": ["hub"], "hub": True}


def _text(what: str, folder: Folder, entries: dict[str, dict[str, Any]]) -> str:
    def tried(name: str, entry: dict[str, Any]) -> dict[str, Any]:
        digest = hashlib.sha256(folder.secret(f"{what}/{name}").encode()).hexdigest()
        rate = max(entry.get("rate_per_minute", 0), RATE_PER_MINUTE)
        return entry | {"keys": [digest], "synthetic": True, "rate_per_minute": rate}

    document = {what: {name: tried(name, entry) for name, entry in entries.items()}}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _names(file: Path, what: str) -> list[str]:
    return list(yaml.safe_load(file.read_bytes())[what])
