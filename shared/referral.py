"""The coded referral: what of a referral may leave intake and travel in events.

It holds no identity (no name, NHS number, contact, address, free text or date of birth; age travels in months
at receipt). Field names are the JSON paths of the minimum data set (PRSB clinical referral information v1.1,
MHSDS v6). A blank field is `not recorded` (or None for a number), never "no"; an unknown code is `unmapped`.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, dataclass_transform

from msgspec import Meta, Struct, field

from shared.codes import NOT_RECORDED, YesNo

Moment = Annotated[dt.datetime, Meta(extra_json_schema={"format": "date-time"})]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Coded(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A frozen part of an event; unknown fields are ignored, so an older consumer reads a newer event.

    What is read is checked (`shared.cloudevents.from_json`, `from_plain`); what this program makes is not.
    """


class Person(Coded, kw_only=True):
    """Age is in whole months at receipt. The last block is for reports alone and refused as rule inputs."""

    age_months: Annotated[int, Meta(ge=0, le=1560)] | None = None
    no_fixed_abode: YesNo = NOT_RECORDED
    veteran: YesNo = NOT_RECORDED
    asylum_seeker: YesNo = NOT_RECORDED
    nhs_number_status: str = NOT_RECORDED
    gender: str = NOT_RECORDED
    gender_same_at_birth: YesNo = NOT_RECORDED
    ethnic_category: str = NOT_RECORDED
    language: str = NOT_RECORDED
    imd_quintile: Annotated[int, Meta(ge=1, le=5)] | None = None


class Contact(Coded, kw_only=True):
    """How the person may safely be reached; the numbers themselves stay in intake."""

    may_text: YesNo = NOT_RECORDED
    may_leave_message: YesNo = NOT_RECORDED
    may_write: YesNo = NOT_RECORDED
    safe_contact_only: YesNo = NOT_RECORDED


class Referrer(Coded, kw_only=True):
    """Who refers; `urgency` is the MHSDS priority code that the referrer asked for."""

    role: str = NOT_RECORDED
    organisation: str = NOT_RECORDED
    practice: str = NOT_RECORDED
    commissioner: str = NOT_RECORDED
    source_of_referral: str = NOT_RECORDED
    last_seen: dt.date | None = None
    urgency: Literal["1", "4", "2", "3", "not recorded"] = NOT_RECORDED
    phone_call_made: YesNo = NOT_RECORDED


class Consent(Coded, kw_only=True):
    """What the person knows and agrees to."""

    aware: YesNo = NOT_RECORDED
    agrees: YesNo = NOT_RECORDED
    on: dt.date | None = None
    share_with_partners: YesNo = NOT_RECORDED
    scr_dissent: YesNo = NOT_RECORDED
    capacity_concern: YesNo = NOT_RECORDED


class Reason(Coded, kw_only=True):
    """Why the person is referred; `code` and `others` are MHSDS PRIMARY REASON FOR REFERRAL codes or `unmapped`."""

    code: str = NOT_RECORDED
    others: tuple[str, ...] = ()
    question: Literal["assessment", "treatment", "advice", "medicines", "unmapped", "not recorded"] = NOT_RECORDED
    mental_health_act: YesNo = NOT_RECORDED


class Treatment(Coded, kw_only=True):
    """One treatment tried: its kind, whether it was adequate, and how far it helped."""

    kind: Literal["antidepressant", "therapy-step-2", "therapy-step-3", "therapy-other", "unmapped", "not recorded"]
    adequate: YesNo = NOT_RECORDED
    outcome: Literal["recovered", "some", "little", "none", "unmapped", "not recorded"] = NOT_RECORDED


class Problem(Coded, kw_only=True):
    """A coded working diagnosis; system `unmapped` where the code list is not known."""

    system: str
    code: str


class Perinatal(Coded, kw_only=True):
    """Weeks until the due date or since birth; negative never occurs."""

    pregnant: YesNo = NOT_RECORDED
    planning: YesNo = NOT_RECORDED
    weeks_to_due: Annotated[int, Meta(ge=0, le=60)] | None = None
    weeks_since_birth: Annotated[int, Meta(ge=0, le=520)] | None = None
    red_flag: YesNo = NOT_RECORDED


class Physical(Coded, kw_only=True):
    """Physical health: a red flag (delirium, untreated overdose, physical compromise), or collapse."""

    red_flag: YesNo = NOT_RECORDED
    collapse: YesNo = NOT_RECORDED


class Presentation(Coded, kw_only=True):
    """Scores and signs. PHQ-9 is 0 to 27 (item 9: 0 to 3), GAD-7 0 to 21, AUDIT 0 to 40."""

    phq9: Annotated[int, Meta(ge=0, le=27)] | None = None
    phq9_item9: Annotated[int, Meta(ge=0, le=3)] | None = None
    phq9_on: dt.date | None = None
    gad7: Annotated[int, Meta(ge=0, le=21)] | None = None
    gad7_on: dt.date | None = None
    problems: tuple[Problem, ...] = ()
    treatments: tuple[Treatment, ...] = ()
    physical: Physical = Physical()
    alcohol_units_week: Annotated[int, Meta(ge=0, le=2000)] | None = None
    audit: Annotated[int, Meta(ge=0, le=40)] | None = None
    drugs: YesNo = NOT_RECORDED
    cognition_score: Annotated[int, Meta(ge=0, le=100)] | None = None
    function: Literal["none", "some", "marked", "unmapped", "not recorded"] = NOT_RECORDED
    psychosis: Literal["none", "attenuated", "first episode", "known relapse", "unmapped", "not recorded"] = (
        NOT_RECORDED
    )
    main_problem: str = NOT_RECORDED
    rapidly_worsening: YesNo = NOT_RECORDED
    recurrent: YesNo = NOT_RECORDED
    multiple_trauma: YesNo = NOT_RECORDED
    duration_months: Annotated[int, Meta(ge=0, le=1200)] | None = None
    not_engaging: YesNo = NOT_RECORDED
    evening_distress: YesNo = NOT_RECORDED


class Risk(Coded, kw_only=True):
    """Risk answers; each may be `not recorded` (not answered) or `unmapped` (answered in words we do not know)."""

    life_in_danger: YesNo = NOT_RECORDED
    suicidal: Literal["none", "ideation", "plan", "intent", "unmapped", "not recorded"] = NOT_RECORDED
    means: YesNo = NOT_RECORDED
    self_harm: Literal["none", "historic", "recent", "current", "unmapped", "not recorded"] = NOT_RECORDED
    self_harm_needs_treatment: YesNo = NOT_RECORDED
    to_others: Literal["none", "ideas", "plan", "violence", "unmapped", "not recorded"] = NOT_RECORDED
    weapon: YesNo = NOT_RECORDED
    from_others: YesNo = NOT_RECORDED
    domestic_abuse: YesNo = NOT_RECORDED
    self_neglect: Literal["none", "some", "severe", "unmapped", "not recorded"] = NOT_RECORDED
    safety_plan: YesNo = NOT_RECORDED
    has_dependants: YesNo = NOT_RECORDED
    safeguarding_referred: YesNo = NOT_RECORDED


class Needs(Coded, kw_only=True):
    """Interpreter, reasonable adjustments (BaRS codes), learning disability and autism status (MHSDS codes)."""

    interpreter: YesNo = NOT_RECORDED
    interpreter_language: str = NOT_RECORDED
    adjustments: tuple[str, ...] = ()
    learning_disability: str = NOT_RECORDED
    autism: str = NOT_RECORDED


class Social(Coded, kw_only=True):
    """`needs` are out of housing, debt, benefits, isolation, work, caring (or `unmapped`)."""

    accommodation: str = NOT_RECORDED
    employment: str = NOT_RECORDED
    needs: tuple[str, ...] = ()
    wants_peer_support: YesNo = NOT_RECORDED
    wants_goals: YesNo = NOT_RECORDED
    wants_work: YesNo = NOT_RECORDED


class CodedReferral(Coded, kw_only=True):
    """The whole coded referral.

    `risk_words` is the outcome of the escalate-only screen of the free text: True raises, False says nothing.
    `person_key` links referrals of one person (HMAC); `person_link` says how firmly. `in_area` is `no` where the
    person's postcode or practice belongs to no locality served here, or nothing says to which it belongs.
    """

    referred_at: Moment | None = None
    person_key: str | None = None
    person_link: Literal["nhs-number", "demographics", "none"] = "none"
    in_area: YesNo = NOT_RECORDED
    risk_words: bool = False
    attachments: Annotated[int, Meta(ge=0)] = 0
    message_digest: str | None = None
    person: Person = Person()
    contact: Contact = Contact()
    referrer: Referrer = Referrer()
    consent: Consent = Consent()
    reason: Reason = Reason()
    presentation: Presentation = Presentation()
    perinatal: Perinatal = Perinatal()
    risk: Risk = Risk()
    needs: Needs = Needs()
    social: Social = Social()
