"""What a first `make up` needs and no repository may hold: passwords, a cluster id, and keys for one source and its teams.

Writes `.env` (passwords and keys, mode 0600) and `deploy/local/{sources,teams}.yaml` (the keys' hashes alone, which intake
reads) once; with `.env` there it changes nothing. Both are outside version control. Needs nothing but Python.
"""

# ruff: noqa: INP001  (a script beside its configuration, not a package)

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import sys
import uuid
from pathlib import Path

HERE = Path(__file__).parent
ROLES = ("admin", "owner", "intake", "triage", "audit", "reader", "auditor", "disposer")
KEYS = ("source", "team", "hub")

SOURCES = """\
# Made by `make up`. A source is marked synthetic here and nowhere else: the people it refers are no people.
sources:
  first-practice:
    name: First practice (synthetic)
    locality: lambeth
    synthetic: true
    keys: [{source}]
    may: [refer, amend, cancel]
    rate_per_minute: 6000
"""
TEAMS = """\
# Made by `make up`.
teams:
  every-team:
    name: Every receiving team (synthetic)
    synthetic: true
    keys: [{team}]
    destinations: [{destinations}]
  hub:
    name: Hub (synthetic)
    synthetic: true
    hub: true
    keys: [{hub}]
    destinations: [hub]
"""
FIRST_REFERRAL = """
Front Door takes referrals at {url} (what they hold: {url}/docs). A first one:

  . ./.env
  curl -s -w '\\n%{{http_code}}\\n' {url}/referrals -H "Authorization: Bearer $FRONTDOOR_SOURCE_KEY" -H "Idempotency-Key: first-try" -d '{{
    "person":   {{"name": {{"given": "Ada", "family": "Example"}}, "born": "1986-05-04", "postcode": "SW9 8JX"}},
    "referrer": {{"organisation": "Y99001", "urgency": "3"}},
    "reason":   {{"code": "04", "text": "Low for three months, sleeping badly."}},
    "presentation": {{"phq9": 14, "phq9_item9": 0}},
    "risk":     {{"life_in_danger": "no", "suicidal": "none", "self_harm": "none", "to_others": "none"}}}}'

  docker compose run --rm frontdoor trace ID       what became of it (the answer has its id)
  docker compose run --rm frontdoor reconcile      is everything accounted for?
  docker compose run --rm frontdoor demo --url http://intake:8080 --key $FRONTDOOR_SOURCE_KEY
  docker compose logs --follow                     what the services say
"""


def cluster_id() -> str:
    """A Kafka cluster id: 16 random bytes as base64, like Kafka's own; never starting with a dash."""
    return next(text for text in iter(_base64_uuid, "") if not text.startswith("-"))


def _base64_uuid() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def environment(keys: dict[str, str]) -> str:
    """The text of `.env`."""
    lines = ["# Made by `make up`; the other settings: .env.example", f"FRONTDOOR_CLUSTER_ID={cluster_id()}"]
    lines += [f"FRONTDOOR_{role.upper()}_PASSWORD={secrets.token_hex(16)}" for role in ROLES]
    lines += [f"FRONTDOOR_PERSON_SECRET={secrets.token_hex(32)}", "FRONTDOOR_CONFIG=./deploy/local"]
    lines += [f"FRONTDOOR_{name.upper()}_KEY={key}" for name, key in keys.items()]
    return "\n".join(lines) + "\n"


def destinations(rules: str) -> list[str]:
    """The destinations of a rule set but the hub: the keys of its block `destinations:`."""
    block = re.search(r"^destinations:.*\n((?:[ #].*\n|\n)*)", rules, re.MULTILINE)
    return [name for name in re.findall(r"^  ([a-z0-9-]+):", block[1] if block else "", re.MULTILINE) if name != "hub"]


def write(path: Path, text: str, mode: int) -> None:
    """Writes a file that never, not even at first, has wider rights than `mode`, nor narrower at the end."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)


def make(folder: Path) -> None:
    """Writes the settings into `folder`, the repository's root, unless they are there."""
    env, local = folder / ".env", folder / "deploy" / "local"
    if env.exists():
        return
    keys = {name: secrets.token_urlsafe(32) for name in KEYS}
    hashes = {name: hashlib.sha256(key.encode()).hexdigest() for name, key in keys.items()}
    everywhere = ", ".join(destinations((HERE / "rules" / "lambeth" / "ruleset.yaml").read_text()))
    local.mkdir(parents=True, exist_ok=True)
    local.chmod(0o755)  # intake reads it as another user, whatever the umask here
    for name, text in (("sources", SOURCES), ("teams", TEAMS)):
        (local / f"{name}.yaml").unlink(missing_ok=True)
        write(local / f"{name}.yaml", text.format(**hashes, destinations=everywhere), 0o644)
    write(env, environment(keys), 0o600)
    print("made .env and deploy/local: passwords and keys of this machine alone")


def tell(folder: Path) -> None:
    """Prints how to send a first referral; the key stays in `.env`."""
    lines = (folder / ".env").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")) | os.environ
    print(FIRST_REFERRAL.format(url=f"http://localhost:{settings.get('FRONTDOOR_INTAKE_PORT', '8080')}"))


if __name__ == "__main__":
    root = Path(os.environ.get("FRONTDOOR_ROOT", HERE.parent))
    tell(root) if sys.argv[1:] == ["tell"] else make(root)
