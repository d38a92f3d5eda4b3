"""The referrals that show faults of a rule file: as facts to explain, and as bodies to post."""

from __future__ import annotations

import datetime as dt
import json
import shlex
from typing import TYPE_CHECKING, NamedTuple

from services.triage.facts import RISK_QUESTIONS, RISK_UNANSWERED
from services.triage.proof.posting import Post, post_of
from services.triage.settings import TriageSettings
from shared.localities import read_localities

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from services.triage.proof.verdict import Verdict
    from services.triage.rules import RuleSet, Value


class Counterexample(NamedTuple):
    """The facts that show a finding; `post` says them as a sender would, where that was asked for."""

    name: str
    facts: dict[str, Value]
    post: Post | None


def counterexamples(verdict: Verdict, *, with_posts: bool) -> dict[int, Counterexample]:
    """The referral of each finding that has one, by the finding's number from 1."""
    today, shown = dt.datetime.now(dt.UTC).date(), {}
    district = _district(verdict.rules.locality) if verdict.rules and with_posts else ""
    for number, finding in enumerate(verdict.findings, 1):
        if finding.referral:
            facts = json.loads(finding.referral)["facts"]
            post = post_of(facts, today, district) if with_posts else None
            shown[number] = Counterexample(f"{number:03}-{finding.code}-{finding.row}", facts, post)
    return shown


def write(folder: Path, shown: Mapping[int, Counterexample]) -> None:
    """Each referral as facts, with those that cannot be posted, and as a body for `POST /referrals`."""
    folder.mkdir(parents=True, exist_ok=True)
    for example in shown.values():
        unsaid = example.post.unsaid if example.post else {}
        facts = {"facts": example.facts} | ({"cannot be posted": unsaid} if unsaid else {})
        (folder / f"{example.name}.facts.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
        if example.post and example.post.body:
            body = json.dumps(example.post.body, indent=2, ensure_ascii=False)
            (folder / f"{example.name}.post.json").write_text(body + "\n")


def explaining(file: Path, rules: RuleSet, facts: Mapping[str, Value]) -> str:
    """The command that looks closer at a referral."""
    named = {name: value for name, value in facts.items() if value != rules.baseline[name]}
    if RISK_UNANSWERED in facts and named.keys() & {*RISK_QUESTIONS}:
        named[RISK_UNANSWERED] = facts[RISK_UNANSWERED]  # else it would follow from the answers
    given = [f"{name}={value}" for name, value in named.items()]
    return shlex.join(("frontdoor", "rules", "explain", str(file), *given))


def _district(locality: str) -> str:
    """The outward part of a postcode of the place; blank where this machine has no file of localities."""
    file = TriageSettings(postgres_dsn="").localities
    known = read_localities(file) if file.exists() else {}
    return min(known[locality].postcode_districts, default="") if locality in known else ""
