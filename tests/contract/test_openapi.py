"""`docs/openapi.json` is the published contract of intake's HTTP: `python -m tests.contract.test_openapi` writes it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from jsonschema import Draft202012Validator

from services.intake.contract import docs
from services.intake.contract.examples import EXAMPLES
from services.intake.contract.openapi import document
from services.intake.contract.outcomes import cancellation_reason, read_outcome
from services.intake.contract.reading import read
from services.intake.person import missing
from services.intake.senders import Team
from tests.intake import DEPLOY, Desk, intake

if TYPE_CHECKING:
    from tests.stack import Database

FILE: Final = Path(__file__).parents[2] / "docs" / "openapi.json"


def written() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document()["components"]})


def test_the_published_document_is_what_the_code_says():
    assert FILE.read_text() == written(), "python -m tests.contract.test_openapi, and look at what changed"


@pytest.mark.parametrize("name", ["minimal", "full", "amendment"])
def test_an_example_of_a_referral_says_what_it_means(name: str):
    schema("Referral").validate(EXAMPLES[name])
    reading = read(EXAMPLES[name])
    assert reading.warnings == []
    assert name == "amendment" or missing(reading) == ()


@pytest.mark.parametrize("name", ["accepted", "returned", "lowered"])
def test_an_example_of_an_outcome_says_what_it_means(name: str):
    schema("Outcome").validate(EXAMPLES[name])
    hub = Team(id="hub", name="Hub", keys=("0" * 64,), destinations=frozenset(("hub",)), hub=True)
    assert read_outcome(EXAMPLES[name], hub, {"short-term-support"}).warnings == ()


def test_the_example_of_a_cancellation_says_what_it_means():
    schema("Cancellation").validate(EXAMPLES["cancellation"])
    assert cancellation_reason(EXAMPLES["cancellation"]) == ("person-declined", ())


async def test_what_is_answered_is_what_the_document_says(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        taken = await desk.post("/referrals", EXAMPLES["full"])
        schema("Taken").validate(taken.json())
        mine = taken.json()["referral_id"]
        schema("Status").validate((await desk.get(f"/referrals/{mine}")).json())
        schema("Problem").validate((await desk.post("/referrals", {})).json())
        schema("Record").validate((await desk.get(f"/referrals/{mine}/record", "hub", X_Purpose="direct-care")).json())
        assert (await desk.get("/openapi.json")).json() == document()
        await _every_path_answers(desk, mine)


async def _every_path_answers(desk: Desk, mine: str) -> None:
    for path, methods in document()["paths"].items():
        place = path.replace("{referral_id}", mine)
        for method, told in methods.items():
            answer = await (desk.get(place, "hub") if method == "get" else desk.post(place, {}, "hub"))
            assert str(answer.status_code) in told["responses"], (method, path)


async def test_the_docs_are_one_page_that_needs_nothing_else(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        page = (await desk.get("/docs")).text
    assert page == docs.page(document())
    assert "presentation.treatments[].outcome" in page
    assert _loads(page) == []


def _loads(page: str) -> list[str]:
    """What a page would fetch from anywhere."""
    found: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
            found.extend(
                f"{tag} {value}" for name, value in attrs if name == "src" or (tag == "link" and name == "href")
            )

    Links().feed(page)
    return found


def test_the_example_senders_are_complete_and_hold_no_key():
    for name in ("sources", "teams"):
        text = (DEPLOY / f"{name}.yaml").read_text()
        assert text.count("keys: [") == text.count("\n    name: ")


if __name__ == "__main__":
    FILE.write_text(written())
