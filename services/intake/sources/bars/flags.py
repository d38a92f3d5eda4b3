"""Flags: safeguarding concerns and reasonable adjustments; the words of every flag are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.intake.sources.bars.bundle import code, codings, first, text, words
from services.intake.sources.bars.prose import keep_rest
from services.intake.sources.maps import table
from services.intake.values import code_system

if TYPE_CHECKING:
    from services.intake.sources.bars.bundle import Entry, Message
    from services.intake.sources.bars.draft import Draft

_SAFEGUARDING: Final = "safeguarding-codes-bars"
_ADJUSTMENT: Final = "reasonable-adjustment-codes-bars"
_NO_CONCERN: Final = "861931000000100"  # no safeguarding issues identified: it says nothing of harm


def flags(message: Message, draft: Draft) -> None:
    """Reads every flag that stands, and keeps the words of those that stand no more."""
    concerns: list[tuple[str, str]] = []
    for one in message.of("Flag"):
        if (status := text(one.resource.get("status"))) == "entered-in-error":
            continue
        draft.keep(one.at("code"), _in_words(one, status))
        keep_rest(one, draft, "category", "code", "author", "encounter")
        for system, value, _ in codings(one.resource.get("code")) if status != "inactive" else ():
            kind = code(first(one.resource.get("category")))
            if system.endswith(_SAFEGUARDING) or kind == "SG":
                concerns.append((value, one.at("code")))
            elif system.endswith(_ADJUSTMENT) or kind == "RA":
                _adjustment(system, value, one, draft)
        if not codings(one.resource.get("code")) and code(first(one.resource.get("category"))) == "SG":
            concerns.append(("U", one.at("code")))
    _concerned(concerns, draft)


def _in_words(one: Entry, status: str) -> str:
    said = ": ".join(filter(None, (words(first(one.resource.get("category"))), words(one.resource.get("code")))))
    return f"{said} (no longer)" if status == "inactive" and said else said


def _concerned(concerns: list[tuple[str, str]], draft: Draft) -> None:
    """What a table knows answers its question with yes: where that is no answer, and for all else, a person must look."""
    known, more = table("snomed-flag"), table("bars-safeguarding")
    unknown = []
    for value, place in concerns:
        if question := known.ours.get(value) or more.ours.get(value):
            draft.say(f"risk.{question}", "yes", place)
        elif value and value != _NO_CONCERN:
            unknown.append((value, place))
    for value, place in unknown:
        draft.say("risk.from_others", more.read(value), place)


def _adjustment(system: str, value: str, one: Entry, draft: Draft) -> None:
    """An adjustment that the person needs. The standard's own codes are no SNOMED CT: they travel as unmapped."""
    interpreters, languages = table("bars-interpreter"), table("bars-sign-language")
    draft.say("needs.interpreter", interpreters.ours.get(value.casefold(), ""), one.at("code"))
    draft.say("needs.interpreter_language", languages.ours.get(value.casefold(), ""), one.at("code"))
    is_snomed = code_system(system) == "snomed-ct"
    draft.add("needs.adjustments", value if is_snomed else f"bars-reasonable-adjustment|{value}", one.at("code"))
