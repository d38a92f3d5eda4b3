"""The documentation's answers are those that come, and every code that an answer may hold is explained."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from services.intake.contract import code_lists, docs
from services.intake.contract.openapi import document
from services.intake.contract.reading import DETAILS
from services.intake.problems import MEANS
from shared.codes import Urgency
from tests.intake import ADA, CLERK, Desk, a_body, intake

if TYPE_CHECKING:
    from tests.stack import Database

INTAKE: Final = Path(__file__).parents[2] / "services" / "intake"
GIVE_CODES: Final = ("Refused", "Fault", "Notice", "Transient", "warn", "_unread")
REFUSED: Final[tuple[tuple[str, Any, str], ...]] = (
    ("empty", b"", "gp"),
    ("not JSON", b'{"person": ', "gp"),
    ("no person and no reason", {}, "gp"),
    ("not for this key", {}, "hub"),
    ("too large", b" " * 2_000_000, "gp"),
    *(("too many", {}, "slow"),) * 2,  # the first uses up the minute's one
)
Answers = dict[str, tuple[int, Any]]


def codes_given() -> set[str]:
    """Every code that intake's source gives to a refusal, a fault or a warning."""
    calls = [
        call
        for file in INTAKE.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
    ]
    named = [call for call in calls if getattr(call.func, "id", getattr(call.func, "attr", "")) in GIVE_CODES]
    texts = [
        each.value
        for call in named
        for given in call.args[:4]
        for each in ast.walk(given)
        if isinstance(each, ast.Constant)
    ]
    return {text for text in texts if isinstance(text, str) and text.replace("-", "").isalpha() and text.islower()}


def test_every_code_that_is_given_is_explained():
    assert codes_given() >= {"check-digit", "conflict", "unmapped", "no-such-path"}, "what finds them finds nothing"
    places = {"by", "kind", "name", "onward", "person", "reason", "to", "urgency", "hub"}
    assert codes_given() - places <= {*DETAILS, *MEANS}


def test_every_explained_code_stands_in_the_documentation():
    described, page = document()["info"]["description"], docs.page(document())
    for code, words in (*DETAILS.items(), *MEANS.items()):
        assert f"| `{code}` | {words} |" in described
        assert f"<td><code>{code}</code><td>" in page


def test_every_code_of_a_list_stands_with_its_meaning():
    fields = document()["components"]["schemas"]["Referral"]["properties"]
    reason = fields["reason"]["properties"]["code"]["description"]
    assert all(f"{code} = {words}" in reason for code, words in code_lists.REASONS.items())
    urgency = fields["referrer"]["properties"]["urgency"]["description"]
    told = [urgency.index(f"{code} = {code.words}") for code in Urgency]
    assert told == sorted(told), "most urgent first"
    assert "4 is more urgent than 2" in urgency


def test_the_page_says_how_a_sender_says_who_it_is():
    assert "<code>Authorization: Bearer KEY</code>" in docs.page(document())


def documented() -> Answers:
    """Every example of an answer, by the request and its name."""
    found: Answers = {}
    for methods in document()["paths"].values():
        for told in methods.values():
            for status, answer in told["responses"].items():
                found |= _examples(told["operationId"], status, answer)
    for status, answer in document()["components"]["responses"].items():
        found |= _examples("any", status, answer)
    return found


def _examples(request: str, status: str, answer: dict[str, Any]) -> Answers:
    told = [content.get("examples", {}) for content in answer.get("content", {}).values()]
    return {f"{request}: {name}": (int(status), example["value"]) for each in told for name, example in each.items()}


async def test_every_example_of_an_answer_is_what_comes(database: Database, tmp_path: Path):
    async with intake(database, tmp_path) as desk:
        came = await every_answer(desk)
    expected = documented()
    assert {name: _alike(*came[name]) for name in came} == {name: _alike(*expected[name]) for name in expected}


def _alike(status: int, answer: Any) -> tuple[int, Any]:
    """The answer without what is new each time: ids, times, the order of what a key may do."""
    if not isinstance(answer, dict):
        return status, answer
    times = {name: "" for name in ("referral_id", "status_url", "received_at", "at") if name in answer}
    lists = {
        "history": [_alike(0, step)[1] for step in answer.get("history", ())],
        "may": sorted(answer.get("may", ())),
    }
    return status, {**answer, **times, **{name: each for name, each in lists.items() if each}}


async def every_answer(desk: Desk) -> Answers:
    """What the requests that the examples speak of are answered."""
    told: Answers = {}

    async def said(name: str, path: str, body: Any, key: str = "gp") -> None:
        answer = await desk.post(path, body, key)
        told[name] = answer.status_code, answer.json()

    faulty = {"name": ADA["name"], "born": "1990-05-01", "nhs_number": "9990000019", "nickname": "A"}
    warned = {"message_id": "m1", "person": faulty, "reason": {"code": "99"}}
    await said("refer: taken", "/referrals", warned)
    await said("refer: a repeat: the first answer again", "/referrals", warned)
    await said("any: conflict", "/referrals", warned | {"reason": {"code": "05"}})
    await said("refer: an emergency", "/referrals", a_body(risk={"life_in_danger": "yes"}))
    mine = (await desk.post("/referrals", document_example("refer", "minimal"))).json()["referral_id"]
    await desk.decide(mine, "talking-therapies-step-2")
    one = f"/referrals/{mine}"
    for name, path, key in (
        ("status: an answer", one, "gp"),
        ("sender: an answer", "/sender", "gp"),
        ("record: an answer", f"{one}/record", "hub"),
        ("any: another method", "/referrals", "gp"),
        ("any: no such referral", "/referrals/5d1c6f0e-9a57-4c0b-8f0e-2b6f3f1f8a11", "gp"),
        ("any: no such path", "/referal", "gp"),
        ("any: no key", "/sender", "nobody"),
    ):
        answer = await desk.get(path, key, X_Purpose="direct-care")
        told[name] = answer.status_code, answer.json()
    lowered = {"kind": "urgency-lowered", "by": CLERK}
    await said("any: an outcome that lacks something", f"{one}/outcomes", lowered, "hub")
    await said("answer: taken", f"{one}/outcomes", {"kind": "accepted", "by": CLERK}, "therapies")
    await said("amend: taken", f"{one}/amendments", {"risk": {"suicidal": "none"}})
    await said("cancel: taken", f"{one}/cancellations", {"reason": "duplicate"})
    for name, body, key in REFUSED:
        await said(f"any: {name}", "/referrals", body, key)
    return told


def document_example(request: str, name: str) -> Any:
    """The body of a documented example."""
    posts = [methods["post"] for methods in document()["paths"].values() if "post" in methods]
    (post,) = [told for told in posts if told["operationId"] == request]
    return post["requestBody"]["content"]["application/json"]["examples"][name]["value"]
