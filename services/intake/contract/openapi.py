"""The OpenAPI document of intake, made from the contract itself, so that the two cannot differ."""

from __future__ import annotations

from typing import Any, Final

from services.intake.contract import answers
from services.intake.contract import code_lists as lists
from services.intake.contract.examples import CSV_FILE, EXAMPLES
from services.intake.contract.fields import CONTRACT, Each
from services.intake.contract.openapi_parts import (
    TEXT,
    UUID,
    an_object,
    outcome,
    parameters,
    problem,
    ref,
    report,
    status,
    taken,
)
from services.intake.contract.reading import DETAILS
from services.intake.contract.values import Kind
from services.intake.problems import MEANS
from services.intake.sources.told import TYPES

ABOUT: Final = """\
Takes mental-health referrals, amendments, cancellations and the answers of receiving teams.

Every request says whose it is: `Authorization: Bearer KEY`, with the key of a source (a system that refers) or of a \
team. Without one it is answered 401. Only `/docs` and `/openapi.json` need none.

An identifiable person (an NHS number; or a name with a date of birth, postcode, address or contact) and a reason are \
enough. Every other field may be left out: absent, blank and `not recorded` are the same. What cannot be read is never \
refused; it is answered as a warning and kept with the receipt.

202 means that the message is durably kept. Send the same message again whenever you are not sure: the same id \
(`message_id`, else the header `Idempotency-Key`; if they differ, `message_id` counts) and the same content get the \
first answer again; the same id with other content is a conflict (409), which a person will look at. Without an id the \
same content is a repeat for 24 hours; of a message about a known referral, only until somebody else says something \
about it (ten minutes at least).

If an answer holds `phone_now`: phone now.

What is not done is answered as a problem (RFC 9457): `code` and `detail` say why, `errors` where. No answer repeats a \
value, or a field name that is not of the contract: a field that nobody knows is named by its place, `person[3rd field]` \
being the third field of `person` as it was sent.
"""


def _about() -> str:
    """What is to be known first, and every code that an answer may hold."""
    tables = (("warning (202)", DETAILS), ("problem", MEANS))
    return ABOUT + "".join(f"\n{_table(f'`code` of a {what}', codes)}" for what, codes in tables)


def _table(heading: str, codes: dict[str, str]) -> str:
    """A table in Markdown."""
    rows = (f"| `{code}` | {words} |" for code, words in codes.items())
    return "\n".join((f"| {heading} | what it says |", "|---|---|", *rows, ""))


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Front Door: intake", "version": "1", "description": _about()},
        "security": [{"key": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "the key of a source or a team"}
            },
            "parameters": parameters(),
            "responses": answers.problems(),
            "schemas": {
                "Referral": schema_of(CONTRACT) | {"description": "The minimum data set, by JSON path."},
                "Outcome": outcome(),
                "Cancellation": an_object(
                    reason={"enum": sorted(lists.CANCELLATION_REASONS)}, message_id=TEXT, note=TEXT
                ),
                "Taken": taken(),
                "Report": report(),
                "Status": status(),
                "Record": an_object(
                    referral_id=UUID, received_at=TEXT, source=TEXT, locality=TEXT, referral=ref("Referral")
                ),
                "Problem": problem(),
            },
        },
    }


def schema_of(node: Any) -> dict[str, Any]:
    """The JSON schema of a part of the contract."""
    if isinstance(node, Kind):
        return {"description": node.name, **node.schema}
    if isinstance(node, Each):
        return {"type": "array", "items": schema_of(node.of)}
    return {"type": "object", "properties": {name: schema_of(item) for name, item in node.items()}}


def _paths() -> dict[str, Any]:
    one = "/referrals/{referral_id}"
    post = {
        "/referrals": ("refer", "Take a referral", "Referral", ("minimal", "full")),
        f"{one}/amendments": ("amend", "Change a referral (RFC 7396 merge patch)", "Referral", ("amendment",)),
        f"{one}/cancellations": ("cancel", "Withdraw a referral", "Cancellation", ("cancellation",)),
        f"{one}/outcomes": (
            "answer",
            "Answer for a receiving team or the hub",
            "Outcome",
            ("accepted", "returned", "lowered"),
        ),
    }
    paths: dict[str, Any] = {path: {"post": _post(path, *told)} for path, told in post.items()}
    paths["/referrals/csv"] = {"post": _file()}
    paths[one] = {"get": _get("status", "Where a referral stands; never clinical text", "Status", "referral_id")}
    paths[f"{one}/record"] = {
        "get": _get(
            "record",
            "Identity and clinical content, for the teams it is routed to",
            "Record",
            "referral_id",
            "purpose",
            "by",
        )
    }
    paths[f"{one}/attachments/{{sha256}}"] = {"get": _attachment()}
    paths["/sender"] = {"get": _get("sender", "Whom this key stands for", None)}
    return paths


def _post(path: str, name: str, summary: str, body: str, examples: tuple[str, ...]) -> dict[str, Any]:
    parameters = ["idempotency_key", "traceparent", *(["referral_id"] if "{" in path else [])]
    content = {"schema": ref(body), "examples": _shown({one: EXAMPLES[one] for one in examples})}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [{"$ref": f"#/components/parameters/{parameter}"} for parameter in parameters],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "202": _answer("Durably kept", "Taken", answers.TAKEN[name]),
            **answers.refusals(400, 401, 403, 404, 405, 408, 409, 413, 422, 429, 500, 503),
        },
    }


def _file() -> dict[str, Any]:
    """A file of referrals. Its report is the answer, whether every row was taken or not."""
    report = {"application/json": {"schema": ref("Report")}}
    told = {"202": "Every row durably kept, now or before", "422": "Some rows refused", "503": "Stopped: send it again"}
    return {
        "operationId": "file",
        "summary": "Take a file of referrals (CSV), a referral a row; the heads of its columns are paths of the referral",
        "parameters": [
            {"$ref": f"#/components/parameters/{name}"} for name in ("encoding", "separator", "traceparent")
        ],
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": TEXT, "examples": _shown({"two rows": CSV_FILE})}},
        },
        "responses": {
            **answers.refusals(400, 401, 403, 405, 408, 413, 429, 500),
            **{status: {"description": words, "content": report} for status, words in told.items()},
        },
    }


def _get(name: str, summary: str, answer: str | None, *parameters: str) -> dict[str, Any]:
    shown = {"an answer": answers.READ[name]} if name in answers.READ else {}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [{"$ref": f"#/components/parameters/{parameter}"} for parameter in parameters],
        "responses": {
            "200": _answer("As asked", answer, shown),
            **answers.refusals(401, 403, 404, 405, 422, 429, 500, 503),
        },
    }


def _attachment() -> dict[str, Any]:
    """A document that came with a referral, as it came."""
    told = _get("attachment", "A document that came with the referral", None, "referral_id", "sha256", "purpose", "by")
    content: dict[str, Any] = {media: {} for media in TYPES}
    told["responses"]["200"] = {"description": "The document", "content": content}
    return told


def _answer(description: str, schema: str | None, examples: dict[str, Any]) -> dict[str, Any]:
    told = {"schema": ref(schema) if schema else {"type": "object"}, "examples": _shown(examples)}
    return {"description": description, "content": {"application/json": told}}


def _shown(examples: dict[str, Any]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in examples.items()}
