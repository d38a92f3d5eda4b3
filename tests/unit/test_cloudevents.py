"""What is said of a document that cannot be read: where and what, never what it holds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.status import Noted
from shared.cloudevents import Unreadable, from_json
from shared.events import OutcomeRecorded, ReferralReceived

MARK = "Mary Marsh-Okoro"
AROUND = st.text() | st.sampled_from(["'", '"', "` - at `$.", " - at `$.kind`", " - at `$.kind`'", "\\", "\n"])
PLACES = (
    (ReferralReceived, ("referral", "presentation", "function")),
    (ReferralReceived, ("referral", "risk", "suicidal")),
    (ReferralReceived, ("received_at",)),
    (OutcomeRecorded, ("kind",)),
    (Noted, ("urgency",)),
    (Noted, ("destination",)),
)


@pytest.mark.parametrize(("model", "path"), PLACES)
@given(before=AROUND, after=AROUND)
def test_no_value_of_an_unreadable_document_is_repeated(
    model: type[ReferralReceived], path: tuple[str, ...], before: str, after: str
):
    document: object = before + MARK + after
    for name in reversed(path):
        document = {name: document}
    with pytest.raises(Unreadable) as caught:
        from_json(model, json.dumps(document).encode())
    assert MARK not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_place_of_a_fault_is_named():
    with pytest.raises(Unreadable, match=r"^referral.risk.suicidal: Invalid enum value$"):
        from_json(ReferralReceived, b'{"referral": {"risk": {"suicidal": "it\'s bad"}}}')
