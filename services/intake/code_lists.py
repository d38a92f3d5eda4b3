"""The closed lists of codes that a referral may hold (NHS Data Dictionary, MHSDS v6), as data."""

from __future__ import annotations

from typing import Final


def _codes(*texts: str) -> frozenset[str]:
    return frozenset(code for text in texts for code in text.split())


REASONS: Final = frozenset(f"{n:02}" for n in range(1, 32) if n != 17)
NHS_NUMBER_STATUS: Final = frozenset(f"{n:02}" for n in range(1, 9))
GENDERS: Final = _codes("1 2 3 4 9 X Z")
ETHNIC_CATEGORIES: Final = _codes("A B C D E F G H J K L M N P R S T U V Z 99")
SOURCES_OF_REFERRAL: Final = _codes(
    "A1 A2 A3 A4 B1 B2 C1 C2 C3 D1 D2 E1 E2 E3 E4 E5 E6 F1 F2 F3 G1 G2 G3 G4 H1 H2 I1 I2",
    "M1 M2 M3 M4 M5 M6 M7 M8 M9 N1 N2 N3 N4 P1 Q1 Q2",
)
DISABILITY_STATUS: Final = _codes("1 2 3 4 5 U X Z")
MAIN_PROBLEMS: Final = (
    *("mood", "anxiety", "psychosis", "bipolar", "eating", "memory", "substance", "trauma", "personality", "social"),
    *("perinatal", "other"),
)
SOCIAL_NEEDS: Final = ("housing", "debt", "benefits", "isolation", "work", "caring")
# Local words beside the MHSDS codes, which are two digits, or two letters and two digits.
ACCOMMODATION: Final = _codes(
    "homeless rough-sleeping hostel temporary owned rented supported residential-care with-family prison hospital"
)
EMPLOYMENT: Final = _codes("employed self-employed unemployed student retired homemaker carer long-term-sick volunteer")
LANGUAGES: Final = _codes(  # ISO 639-1, and those of ISO 639-3 that are heard or signed here: bfi British Sign Language
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es",
    "et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki",
    "kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no",
    "nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te",
    "tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu bfi ase ckb rom yue cmn prs pst",
)

# MHSDS REFERRAL REJECTION REASON: none of them is an end, each needs an onward step (clinical ground rule 5).
REJECTION_REASONS: Final = _codes("01 02 03")
CLOSURE_REASONS: Final = frozenset(f"{n:02}" for n in range(1, 10))
# Local codes: why a team or the hub did something else, why a sender withdrew, what follows a return.
OUTCOME_REASONS: Final = _codes(
    "clinical-review risk-reviewed risk-increased needs-more-intensive needs-less-intensive wrong-service person-prefers",
    "capacity out-of-area already-open safe-to-route safety-call-made advice-given information-missing no-contact",
)
CANCELLATION_REASONS: Final = _codes(
    "sent-in-error duplicate person-declined no-longer-needed moved-away died referred-elsewhere"
)
ONWARD_STEPS: Final = _codes("hub-review advice-to-referrer information-requested referred-on joint-assessment")
PURPOSES: Final = _codes("direct-care safety-call safeguarding correction complaint clinical-audit subject-access")
