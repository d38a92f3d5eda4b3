"""A decision in plain words, for somebody who sees the system for the first time."""

from __future__ import annotations

from services.frontdoor.demo.words import in_words
from services.frontdoor.ruletext import read_rules
from shared.codes import DecisionKind, HoldReason
from tests.unit.test_demo_report import HUB, PEERS, decided, held_for

RULES = read_rules("""
destinations:
  timebank: {name: The timebank}
urgency:
  - name: hints
    table: |
      row  | phq9_item9 | priority
      U1   | 1 or more  | 2
sections:
  - name: social
    table: |
      row | isolation | destination
      L02 | yes       | timebank
overlays:
  - name: holds
    table: |
      row | phq9_item9 | hold
      H1  | 1 or more  | yes
""")
SAID = {"rows": ("U1", "L02", "H1"), "beaten": ("L03",), "facts": {"isolation": "yes", "phq9_item9": 1}, **PEERS}


def test_says_who_it_was_where_they_went_and_which_facts_sent_them() -> None:
    text = in_words("alone and in debt", [decided(**SAID).decision], RULES)
    assert text.startswith("Alone and in debt:\n")
    assert "Routed to The timebank (timebank)" in text
    assert "isolation is yes: timebank (row L02)" in text
    assert "1 more row matched and stands behind" in text


def test_rows_that_asked_the_same_are_one_sentence() -> None:
    held = held_for(HoldReason.SAFETY, **(SAID | HUB | {"proposed": "timebank"}))
    text = in_words("low", [held.decision], RULES)
    assert "PHQ-9 item 9 is 1: priority 2" in text
    assert "hold for a person (rows U1, H1)" in text
    assert "The rules propose The timebank" in text


def test_a_hold_that_stopped_nothing_is_left_out() -> None:
    routed = decided(**(SAID | {"kind": DecisionKind.ROUTE}))
    assert "hold for a person" not in in_words("acute", [routed.decision], RULES)


def test_only_a_system_that_stays_is_spoken_of_as_if_it_could_be_asked() -> None:
    decided_so = [decided(**SAID).decision]
    assert "frontdoor explain" in in_words("alone", decided_so, RULES)
    assert "frontdoor" not in in_words("alone", decided_so, RULES, stays=False)
