"""Decisions in plain words: the beginning of what `frontdoor explain` says, and each deciding row as one sentence."""

from __future__ import annotations

from itertools import islice, takewhile
from typing import TYPE_CHECKING

from services.frontdoor.explain import explanation, lines
from shared.codes import DecisionKind
from shared.command_line import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from services.frontdoor.explain import Explanation
    from services.frontdoor.ruletext import RuleText
    from shared.events import Decision


def in_words(who: str, decided: Sequence[Decision], rules: RuleText, *, stays: bool = True) -> str:
    """Why the rules sent somebody where they did; `who` is what the referrer saw, in our words.

    Where the system `stays` up, it ends with the command that tells all of it.
    """
    explained = explanation(decided, rules)
    ruled = explained.ruled
    if ruled is None:
        return "\n".join(lines(explained))
    explained = explained._replace(standing=ruled)
    stands = takewhile(lambda line: not line.startswith("By rule set"), islice(lines(explained), 1, None))
    said = (f"  {line}" for line in stands if not line.startswith("Note: "))
    more = [f"  All of it: frontdoor explain {ruled.referral_id}"] if stays else []
    return "\n".join((f"{who[:1].upper()}{who[1:]}:", *said, *_because(explained, ruled), *more))


def _because(explained: Explanation, ruled: Decision) -> Iterator[str]:
    """The deciding rows, those that asked the same as one sentence; holds that stopped nothing are left out."""
    version = f"rule set {ruled.rules.locality} {ruled.rules.version}" if ruled.rules else "the rules"
    yield f"  Because {version} says:"
    reasons: dict[str, list[tuple[str, str]]] = {}
    for name in ruled.rows:
        row = explained.text.rows.get(name)
        if row and (ruled.kind is DecisionKind.HOLD or not row.says.get("hold")):
            asked = ", ".join(f"{_fact(fact)} is {explained.fact(fact)}" for fact in row.asks)
            reasons.setdefault(asked or "nothing else fits", []).append((row.outcome, name))
    for asked, outcomes in reasons.items():
        follows = ", ".join(dict.fromkeys(outcome for outcome, _ in outcomes))
        yield f"    {asked}: {follows} (row{'s' * (len(outcomes) > 1)} {', '.join(name for _, name in outcomes)})"
    if count := len(ruled.beaten):
        yield f"  {counted(count, 'more row')} matched and stand{'s' * (count == 1)} behind"


def _fact(name: str) -> str:
    return name.replace("_", " ").replace("phq9", "PHQ-9").replace("gad7", "GAD-7").replace("item9", "item 9")
