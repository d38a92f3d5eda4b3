"""Why a referral comes out as it does, and what is said of it in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.frontdoor.cli import call, parser_of
from services.triage.proof.explaining import cells_of, explain
from services.triage.proof.wording import ANYTHING, cell_in_words
from services.triage.rules import Allowed
from services.triage.rules.cells import read_cell
from tests.builders import Person
from tests.rule_files import BOROUGH, borough

if TYPE_CHECKING:
    from services.triage.rules import Value

SMALL_RULES = Path(__file__).parents[1] / "samples" / "small-ruleset.yaml"
RULES = borough()
POSSIBLE = {name: st.sampled_from(list(domain)) for name, domain in RULES.inputs.items()}
ANYONE = st.fixed_dictionaries(POSSIBLE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "ruleset.yaml").write_text(BOROUGH)
    return tmp_path / "ruleset.yaml"


def frontdoor(*words: object) -> int:
    return call(parser_of(()).parse_args(["rules", *map(str, words)]))


@given(ANYONE)
def test_every_row_either_matched_or_has_the_cell_that_ruled_it_out(facts: dict[str, Value]):
    explained, proposal = explain(RULES, facts), RULES.propose(facts)
    matched = {proposal.row, *proposal.beaten, *proposal.urgency_rows, *proposal.overlay_rows}
    shown = (explained.decided, *explained.beaten, *explained.urgency, *explained.overlays)
    assert {row.id for row in shown} == matched
    assert {row.id for row, _ in explained.ruled_out} == {row.id for row in RULES.rows} - matched
    for row, cell in explained.ruled_out:
        asked = read_cell(cell.asked, RULES.inputs[cell.fact])
        assert cell.value == facts[cell.fact] and cell.value not in asked and asked == row.when[cell.fact]


@given(st.data())
def test_a_set_of_values_in_words_reads_as_the_same_set(data: st.DataObject):
    domain = RULES.inputs[data.draw(st.sampled_from(sorted(RULES.inputs)))]
    values = list(domain)
    some = data.draw(st.sets(st.sampled_from(values), min_size=1))
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(values) - 1)] * 2)))
    allowed = Allowed.of(
        data.draw(st.sampled_from((some, values[first : last + 1], values[first:], values[first:-1]))) or some
    )
    said = cell_in_words(allowed, domain)
    assert read_cell("" if said == ANYTHING else said, domain) == allowed


def test_a_matching_row_shows_what_it_asked_beside_each_fact():
    row = next(row for row in RULES.rows if row.when)
    facts = dict(RULES.baseline) | {name: next(iter(allowed)) for name, allowed in row.when.items()}
    cells = cells_of(RULES, row, facts)
    assert [(cell.fact, cell.value) for cell in cells] == [(name, facts[name]) for name in row.when]


def test_facts_beside_the_baseline_are_explained(file: Path, capsys: pytest.CaptureFixture[str]):
    example = RULES.examples[0]
    assert frontdoor("explain", file, *(f"{name}={value}" for name, value in example.given.items()), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["outcome"]["urgency"], told["outcome"]["destination"]) == (example.priority, example.destination)


def test_what_a_file_of_facts_leaves_out_was_not_recorded_and_is_no_baseline(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    recorded = {name: v for name, v in RULES.baseline.items() if "not recorded" not in RULES.inputs[name].words}
    (tmp_path / "facts.json").write_text(json.dumps({"facts": recorded}))
    assert frontdoor("explain", file, tmp_path / "facts.json", "--json") == 0
    seen = json.loads(capsys.readouterr().out)["facts"]
    assert {seen[name] for name in RULES.inputs if name not in recorded} == {"not recorded"}


def test_an_event_with_a_coded_referral_is_explained_from_its_facts(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "event.json").write_bytes(Person().received(risk={"suicidal": "plan"}).value or b"")
    assert frontdoor("explain", file, tmp_path / "event.json", "--json") == 0
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert (facts["suicidal"], facts["phq9"], facts["age"]) == ("plan", 12, 40)


def test_an_answer_that_is_missing_leaves_a_question_of_the_risk_screen_open(capsys: pytest.CaptureFixture[str]):
    def seen(*facts: str) -> Any:
        assert frontdoor("explain", SMALL_RULES, *facts, "--json") == 0
        return json.loads(capsys.readouterr().out)["facts"]["risk_unanswered"]

    assert (seen("suicidal=none"), seen("suicidal=not recorded")) == ("no", "yes")
    assert seen("suicidal=not recorded", "risk_unanswered=no") == "no", "what is named stands"


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (["phq=18"], "did you mean 'phq9'?"),
        (["phq9=28"], "a number from 0 to 27"),
        (["phq9=3", "phq9=4"], "given twice"),
        (["phq9=?"], "what-if"),
        (["phq9=3", "suicidal"], "gives no value"),
        (["no-such.json"], "cannot read no-such.json"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_its_cure(
    file: Path, capsys: pytest.CaptureFixture[str], facts: list[str], says: str
):
    assert frontdoor("explain", file, *facts) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"person": {"name": "Ada"}}, "coded by intake first"),
        ({"facts": {"phq": 3}}, "did you mean 'phq9'?"),
        ({"facts": {"phq9": True}}, "neither a text nor a whole number"),
        ({"facts": {"phq9": 12}}, "does not declare these values"),
        ({"referral": {"risk": {"suicidal": "maybe"}}}, "no coded referral"),
    ],
)
def test_a_document_that_the_rules_cannot_read_is_refused(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], document: dict[str, Any], says: str
):
    (tmp_path / "referral.json").write_text(json.dumps(document))
    assert frontdoor("explain", file, tmp_path / "referral.json") == 2
    told = capsys.readouterr().err
    assert says in told and "Ada" not in told and "maybe" not in told
