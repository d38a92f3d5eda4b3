"""An approval signs the text of the rules: whatever is edited after it is no longer approved."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.triage.rules.approvals import DIGITS, digest_of, sign
from tests.rule_files import BOROUGH, borough, borough_with, findings_of
from tests.signing import signed

DAY = dt.date(2026, 1, 31)
START, END = BOROUGH.index("approved:"), BOROUGH.index("inputs:")
ROLES = ["clinical safety officer", "clinician", "someone who uses services"]
FORMS = {
    "as deployed": BOROUGH[START:END],
    "at the margin": "approved:\n- {role: clinician, name: B}  # of the borough\n# and nobody else\n\n",
    "in lines": "approved:\n  - role: clinician\n    name: B\n    date: 2025-12-01  # a Monday\n  # the last\n",
    "in brackets": "approved: [{role: clinician, name: B},\n  {role: x, name: C}]  # two\n",
    "empty": "approved: []  # nobody yet\n",
    "lines of a spreadsheet": "approved:\r\n  - {role: clinician, name: B}\r\n",
    "odd keys beside it": "? reason\n: x\napproved:\n- {role: clinician}\n? inputs\n: {a: b}\n",
    "the last line": "x: y\napproved:\n  - {role: clinician, name: B}",
}


def as_texts(file: bytes) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(file, yaml.BaseLoader)  # noqa: S506  (it makes texts alone)
    return found


def refusals(file: bytes) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.row, finding.column) for finding in findings_of(file)]


@settings(max_examples=300)
@given(st.integers(0, len(BOROUGH)), st.text(max_size=3), st.integers(0, 3))
@example(START, "# x\n", 0)
@example(END, "# x\n", 0)
def test_whatever_is_edited_outside_the_block_is_no_longer_approved(at: int, new: str, gone: int) -> None:
    edited = BOROUGH[:at] + new + BOROUGH[at + gone :]
    inside = at > START and at + gone < END
    if inside or edited == BOROUGH:
        return
    assert digest_of(edited.encode("utf-8", "replace")) != digest_of(BOROUGH.encode())


def test_an_edited_file_is_refused_until_every_required_role_approves_the_edited_text() -> None:
    file = BOROUGH.replace("reason: A", "reason: Another").encode()
    assert refusals(file) == [("approval", role, "digest") for role in ROLES]
    for count, role in enumerate(ROLES, 1):
        assert (file := sign(file, role, "D. New", DAY) or b"")
        assert refusals(file) == [("approval", other, "digest") for other in ROLES[count:]]


def test_an_approval_that_says_of_no_text_is_none() -> None:
    old = borough().approved[1]
    file = BOROUGH.replace(
        f'name: {old.name}, date: {old.date}, digest: "{old.digest}"', f"name: {old.name}, date: {old.date}"
    )
    (finding,) = findings_of(file.encode())
    assert (finding.code, finding.row, finding.message) == (
        "approval",
        "clinician",
        "does not say which text was approved",
    )


def test_a_role_that_stands_twice_is_refused() -> None:
    line = next(line for line in BOROUGH.splitlines(keepends=True) if "role: clinician" in line)
    assert refusals(BOROUGH.replace(line, line + line).encode()) == [("approval", "clinician", "role")]


def test_a_fault_of_form_is_told_before_approvals_are_looked_at() -> None:
    assert {finding.code for finding in findings_of(BOROUGH.replace("reason: A", "raeson: A").encode())} == {"parse"}


@pytest.mark.parametrize("role", ["clinician", "a role: with {odd} signs # in it"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_an_approval_replaces_that_roles_and_keeps_every_other_byte(form: str, role: str) -> None:
    before = form if form.startswith(("?", "x")) else f"a: b\n{form}c: d\n"
    after = sign(before.encode(), role, 'Dr "Ada" Ä', DAY)
    assert after
    said = as_texts(after)
    entry = {"role": role, "name": 'Dr "Ada" Ä', "date": "2026-01-31", "digest": digest_of(before.encode())}
    assert [one for one in said["approved"] if one["role"] == role] == [entry]
    assert digest_of(after) == digest_of(before.encode())
    written = as_texts(before.encode())
    assert [one for one in said["approved"] if one["role"] != role] == [
        o for o in written["approved"] if o["role"] != role
    ]
    assert [said[key] for key in said if key != "approved"] == [written[key] for key in written if key != "approved"]
    comments = [part for part in ("# of the borough", "# and nobody else", "# the last", "# two") if part in form]
    assert all(comment in after.decode() for comment in comments)


def test_an_approval_changes_one_line_of_the_file() -> None:
    before, after = (
        BOROUGH.splitlines(),
        (sign(BOROUGH.encode(), "clinician", "D. New", DAY) or b"").decode().splitlines(),
    )
    (changed,) = [now for was, now in zip(before, after, strict=True) if was != now]
    assert (
        changed == f'  - {{role: clinician, name: "D. New", date: 2026-01-31, digest: "{digest_of(BOROUGH.encode())}"}}'
    )


@pytest.mark.parametrize(
    "hiding",
    [
        'reason: "begun\napproved: \n  {}"\n',
        "x: {{a: b,\napproved: [{}]}}\n",
        "approved:\n  - role: clinician\n    name: |\n      B\nreason: {}\n",
        "approved:\n- role: clinician\n? {}\n: y\n",
        "approved: []\u2028reason: {}\n",
        "'approved': []\nreason: {}\n",
        "{{approved: [], reason: {}}}\n",
        "approved: []\n---\nreason: {}\n",
        "x: |\n approved:\n  - {}\n",
        "approved: {}\n",
    ],
)
def test_nothing_but_approvals_can_hide_from_the_digest(hiding: str) -> None:
    assert digest_of(hiding.format("one").encode()) != digest_of(hiding.format("two").encode())


@pytest.mark.parametrize(
    "file", ["a: b\n", "approved:\n", " approved: []\n", "- approved\n", "approved: [\n", "? approved\n: []\n"]
)
def test_a_file_without_a_list_of_approvals_is_not_signed(file: str) -> None:
    assert sign(file.encode(), "clinician", "B", DAY) is None


def test_line_ends_are_part_of_what_is_approved() -> None:
    file = BOROUGH.replace("\n", "\r\n")
    assert refusals(file.encode()) == [("approval", role, "digest") for role in ROLES]
    assert refusals(signed(file).encode()) == []


def test_a_digest_is_short_enough_to_compare() -> None:
    assert len(digest_of(borough_with())) == DIGITS
