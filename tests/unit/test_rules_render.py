"""The page for sign-off: whole, safe whatever a rule file says, and honest about what is proved."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from services.frontdoor.cli import call, parser_of
from services.triage.rules import read
from shared.localities import REQUIRED_ROLES
from tests.rule_files import edited

SMALL = (Path(__file__).parents[1] / "samples" / "small-ruleset.yaml").read_text()
HOSTILE = "</td><script>alert('x')</script><img src=//evil.example/x onerror=alert(1)>\"'&amp;"
ROUTINE = ("U03 | plan or intent |", "U03 | intent         |")


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(file: Path, *words: object, code: int) -> Page:
    out = file.with_suffix(".html")
    assert call(parser_of(()).parse_args(["rules", "render", str(file), *map(str, words), "--out", str(out)])) == code
    return Page(out.read_text())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "next.yaml"
    path.write_text(SMALL)
    return path


def test_what_a_rule_file_says_is_text_and_never_markup(file: Path):
    file.write_text(
        SMALL.replace("| test   |", f"| {HOSTILE} |")
        .replace("name: The hub", "name: '" + HOSTILE.replace("'", "''") + "'")
        .replace("reason: a small set", f"reason: {HOSTILE} a small set")
        .replace("| a plan", f"| {HOSTILE}")
    )
    page = rendered(file, code=0)
    assert not {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "object"}
    assert not [name for _, found in page.tags for name in found if name.startswith("on") or name == "src"]
    assert page.text.count(HOSTILE) > len(SMALL.split("| test   |")), (
        "in rows, the destination, the reason, the example"
    )


def test_the_page_asks_for_nothing_from_elsewhere(file: Path):
    page = rendered(file, code=0)
    assert all((found.get("href") or "#").startswith("#") for _, found in page.tags)
    assert "url(" not in page.text and "@import" not in page.text


def test_every_row_promise_example_destination_and_role_is_on_the_page(file: Path):
    page, rules = rendered(file, code=0), read(file.read_bytes(), "small")
    wanted = [row.id for row in rules.rows] + [promise.text for promise in rules.promises]
    wanted += [each.why for each in rules.examples] + [to.name for to in rules.destinations.values()]
    assert [said for said in (*wanted, *REQUIRED_ROLES) if said not in page.text] == []


def test_a_page_without_findings_is_clean_and_says_so(file: Path):
    call(parser_of(()).parse_args(["rules", "examples", str(file), "--write"]))
    page = rendered(file, code=0)
    assert "every edge of every row is shown by an example" in page.text and "What is wrong" not in page.text


def test_a_promise_is_said_to_be_proved_only_where_it_is(file: Path):
    proved = "HZ02proved for every possible referral"
    assert proved in rendered(file, code=0).text
    file.write_text(edited(SMALL, ROUTINE))
    broken = rendered(file, code=1).text
    assert proved not in broken and "With suicidal = plan, row C01 sends to crisis-outreach, priority 3" in broken


def test_tables_can_be_read_aloud(file: Path):
    page = rendered(file, code=0)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") and tags.count("h1") == 1
    assert all(found.get("scope") in {"col", "row"} for tag, found in page.tags if tag == "th")
    assert ("html", {"lang": "en-GB"}) in page.tags


def test_what_a_version_changes_stands_on_the_page_with_what_could_be_lost(file: Path):
    old = file.with_name("old.yaml")
    old.write_text(SMALL)
    file.write_text(edited(SMALL, ROUTINE))
    assert "Could lose: urgency falls" in rendered(file, "--against", old, code=1).text
    file.write_text(SMALL)
    assert "Proved the same" in rendered(file, "--against", old, code=0).text


def test_a_page_never_replaces_a_rule_file(file: Path):
    assert call(parser_of(()).parse_args(["rules", "render", str(file), "--out", str(file)])) == 2
    assert file.read_text() == SMALL
