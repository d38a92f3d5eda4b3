"""The closed lists of codes that a referral may hold (NHS Data Dictionary, MHSDS v6), as data, with what each means."""

from __future__ import annotations

from typing import Final


def _codes(*texts: str) -> frozenset[str]:
    return frozenset(code for text in texts for code in text.split())


REASONS: Final = {
    "01": "(Suspected) First Episode Psychosis",
    "02": "Ongoing or Recurrent Psychosis",
    "03": "Bipolar disorder",
    "04": "Depression",
    "05": "Anxiety",
    "06": "Obsessive compulsive disorder",
    "07": "Phobias",
    "08": "Organic brain disorder",
    "09": "Drug and alcohol difficulties",
    "10": "Unexplained physical symptoms",
    "11": "Post-traumatic stress disorder",
    "12": "Eating disorders",
    "13": "Perinatal mental health issues",
    "14": "Personality disorders",
    "15": "Self harm behaviours",
    "16": "Conduct disorders",
    "18": "In crisis",
    "19": "Relationship difficulties",
    "20": "Gender Discomfort issues",
    "21": "Attachment difficulties",
    "22": "Self-care issues",
    "23": "Adjustment to health issues",
    "24": "Neurodevelopmental Conditions, excluding Autism",
    "25": "Suspected Autism",
    "26": "Diagnosed Autism",
    "27": "Preconception perinatal mental health concern",
    "28": "Gambling disorder",
    "29": "Community Perinatal Mental Health Partner Assessment",
    "30": "Behaviours that challenge due to a Learning Disability",
    "31": "Employment Support",
}
NHS_NUMBER_STATUS: Final = {
    "01": "Number present and verified",
    "02": "Number present but not traced",
    "03": "Trace required",
    "04": "Trace attempted - no match or multiple match found",
    "05": "Trace needs to be resolved (NHS number or patient detail conflict)",
    "06": "Trace in progress",
    "07": "Number not present and trace not required",
    "08": "Trace postponed (baby under six weeks old)",
}
GENDERS: Final = {
    "1": "Male",
    "2": "Female",
    "3": "Non-binary",
    "4": "Other (not listed)",
    "9": "Indeterminate",
    "X": "Not known (not recorded)",
    "Z": "Not stated (asked, and not answered)",
}
ETHNIC_CATEGORIES: Final = {
    "A": "British",
    "B": "Irish",
    "C": "Any Other White background",
    "D": "White and Black Caribbean",
    "E": "White and Black African",
    "F": "White and Asian",
    "G": "Any Other mixed background",
    "H": "Indian",
    "J": "Pakistani",
    "K": "Bangladeshi",
    "L": "Any Other Asian background",
    "M": "Caribbean",
    "N": "African",
    "P": "Any Other Black background",
    "R": "Chinese",
    "S": "Any Other Ethnic Group",
    "T": "Gypsy or Irish Traveller",
    "U": "Roma",
    "V": "Arab",
    "Z": "Not Stated",
    "99": "Not Known",
}
SOURCES_OF_REFERRAL: Final = {
    "A1": "Primary Health Care: General Medical Practitioner Practice",
    "A2": "Primary Health Care: Health Visitor",
    "A3": "Other Primary Health Care",
    "A4": "Primary Health Care: Maternity Service",
    "B1": "Self-Referral: Self",
    "B2": "Self-Referral: Carer/Relative",
    "C1": "Local Authority and Other Public Services: Social Services",
    "C2": "Local Authority and Other Public Services: Education Service / Educational Establishment",
    "C3": "Local Authority and Other Public Services: Housing Service",
    "D1": "Employer",
    "D2": "Employer: Occupational Health",
    "E1": "Justice System: Police",
    "E2": "Justice System: Courts",
    "E3": "Justice System: Probation Service",
    "E4": "Justice System: Prison",
    "E5": "Justice System: Court Liaison and Diversion Service",
    "E6": "Justice System: Youth Offending Team",
    "F1": "Child Health: School Nurse",
    "F2": "Child Health: Hospital-based Paediatrics",
    "F3": "Child Health: Community-based Paediatrics",
    "G1": "Independent Sector: Medium Secure Inpatients",
    "G2": "Independent Sector: Low Secure Inpatients",
    "G3": "Other Independent Sector Mental Health Services",
    "G4": "Voluntary Sector",
    "H1": "Acute Secondary Care: Emergency Care Department",
    "H2": "Other secondary care specialty",
    "I1": "Temporary transfer from another Mental Health NHS Trust",
    "I2": "Permanent transfer from another Mental Health NHS Trust",
    "M1": "Other: Asylum Services",
    "M2": "Other: Telephone or Electronic Access Service",
    "M3": "Other: Out of Area Agency",
    "M4": "Other: Drug Action Team / Drug Misuse Agency",
    "M5": "Other: Jobcentre Plus",
    "M6": "Other SERVICE or agency",
    "M7": "Other: Single Point of Access Service",
    "M8": "Debt agency",
    "M9": "added to MHSDS later; secondary mental health care",
    "N1": "Stepped up from low intensity IAPT service",
    "N2": "Stepped down from high intensity IAPT service",
    "N3": "Improving Access to Psychological Therapies / NHS Talking Therapies Service",
    "N4": "Other IAPT service",
    "P1": "Internal Referral",
    "Q1": "Mental Health Drop In Service",
    "Q2": "added to MHSDS later; secondary mental health care",
}
DISABILITY_STATUS: Final = {
    "1": "Confirmed diagnosis",
    "2": "Suspected, and on a diagnostic pathway",
    "3": "Suspected, and not on a diagnostic pathway",
    "4": "Suspected; not known whether on a diagnostic pathway",
    "5": "No diagnosis",
    "U": "Asked, and not known",
    "X": "Not known (not recorded)",
    "Z": "Not stated (asked, and not answered)",
}
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
REJECTION_REASONS: Final = {
    "01": "Duplicate",
    "02": "Inappropriate: another service is needed",
    "03": "Incomplete information",
}
CLOSURE_REASONS: Final = {
    "01": "Admitted elsewhere",
    "02": "Treatment completed",
    "03": "Moved out of the area",
    "04": "No further treatment required (further treatment not appropriate)",
    "05": "Person did not attend",
    "06": "Person died",
    "07": "Person requested discharge",
    "08": "Referred to other specialty/service",
    "09": "Refused to be seen",
}
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
# BARS reasonable-adjustment-codes-bars 1.0.0 (NHSDigital-FHIR-BookingAndReferrals@0cf8fda), in small letters; two of them have a blank.
ADJUSTMENTS: Final = _codes(
    "patientchoice adjustcommunicationforhearingsensoryimpairment adjustforatypicalexpressionofpain",
    "adjustforuseofcommunicationbookaid advocatetobepresent carertobepresentforallcommunication",
    "patientlikelytoalwaysrespondinthepositive provideappointmentreminders providewrittenremindersandadvice",
    "reasonableadjustmentforcommunicationnodetailprovided reasonableadjustmentforcommunicationseedetailprovided",
    "patientnottobeleftalone adjusttoinvolvecarersinallaspectsofcare lastingpowerofattorney",
    "additionalsupportfordischarge supportforvisualsensoryimpairment",
    "reasonableadjustmentforadditionalsupportseedetailprovided",
    "reasonableadjustmentforadditionalsupportnodetailprovided adjustforneedlephobia dislikesuniformswhitecoats",
    "respondstodistraction hasanticipatorycarecrisisplan willonlytoleratemedicationsincertainformat",
    "maleorfemaleonlysupport reasonableadjustmenttopersonalisationseedetailprovided",
    "reasonableadjustmenttopersonalisationnodetailprovided adjustforlownoisestimulus adjustforsingleroom",
    "wheelchairaccess adjustforspecialistequipment adjustforlowlightstimulus adjustminimisewaitingtimes",
    "reasonableadjustmenttoenvironmentseedetailprovided reasonableadjustmenttoenvironmentnodetailprovided",
    "offerfirstorlastappointment considerhomevisits providelongerappointment",
    "provideadditionaltimefordecisionmakingprocessing adjustforhighlevelsofanxiety",
    "considerdesensitisationforanyprocedure considerpreoutpatientoradmissionvisit",
    "reasonableadjustmenttoservicedeliveryseedetailprovided reasonableadjustmenttoservicedeliverynodetailprovided",
    "monitorforconstipation monitorfordehydration monitornutrition monitorforpressuresores monitorfordysphagia",
    "monitorforself-harm monitorforepilepsy reasonableadjustmentforspecificrisksseedetailprovided",
    "reasonableadjustmentforspecificrisksnodetailprovided reasonableadjustmentsforhealthandcareaccess doeslipread",
    "doesusecommunicationdevice doesusehearingaid preferredmethodofcommunicationwritten",
    "usesalternativecommunicationskill usesbritishsignlanguage usescuedspeechtransliterator usesdeafblindintervener",
    "usesdeafblindmanualalphabet useselectronicnotetaker useslipspeaker usesmakatonsignlanguage usesmanualnotetaker",
    "usespersonalaudiorecordingdevicetorecordinformation usespersonalcommunicationpassport usessignlanguage",
    "usesspeechtotextreporter usestelecommunicationsdeviceforthedeaf britishsignlanguageinterpreterneeded",
    "hands-onsigninginterpreterneeded makatonsignlanguageinterpreterneeded needsanadvocate",
    "requiresdeafblindblockalphabetinterpreter requiresdeafblindcommunicatorguide",
    "requiresdeafblindhapticcommunicationinterpreter requiresdeafblindmanualalphabetinterpreter requireslipspeaker",
    "requiresmanualnotetaker requiressightedguide requiresspeechtotextreporter",
    "signsupportedenglishinterpreterneeded visualframesignlanguageinterpreterneeded requiresaudiblealert",
    "requirescontactbyemail requirescontactbyletter requirescontactbyshortmessageservicetextmessage",
    "requirescontactbytelephone requirescontactbytextrelay requirescontactviacarer requirestactilealert",
    "requiresvisualalert requireshealthcareinformationrecordingonpersonalaudiorecordingdevice",
    "requiresinformationbyemail requiresinformationincontractedgrade2braille requiresinformationineasyread",
    "requiresinformationinelectronicaudioformat requiresinformationinelectronicdownloadableformat",
    "requiresinformationinmakaton requiresinformationinmoonalphabet requiresinformationinuncontractedgrade1braille",
    "requiresinformationonaudiocassettetape requiresinformationoncompactdisc",
    "requiresinformationondigitalversatiledisc requiresinformationonuniversalserialbusmassstoragedevice",
    "requiresinformationverbally requiresthirdpartytoreadoutwritteninformation",
    "requireswritteninformationinatleast20pointsansseriffont",
    "requireswritteninformationinatleast24pointsansseriffont",
    "requireswritteninformationinatleast28pointsansseriffont",
) | {"usesa citizenadvocate", "usesa legaladvocate"}
