"""The screen reads free text as a person sees it, whatever a sender's system wrote between the letters."""

from __future__ import annotations

import pytest

from services.intake.safety.screen import read_screen
from tests.intake import DEPLOY

SCREEN = read_screen(DEPLOY / "screen.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "<p>He wants to <b>end</b> <i>his</i> life</p>",
        "<p>says she wants</p><p>to die</p>",
        "took an over<b>dose</b> last night",
        "&lt;p&gt;wants&lt;/p&gt; &lt;p&gt;to die&lt;/p&gt;",
        '<span title="a > b">wants</span><br/>to die',
        "wants&nbsp;to&#160;die",
        "I can&#39;t go on",
        "I can&amp;#39;t go on",
        "sui\u00adcidal",
        "sui\u200bcidal",
        "he is sui-\ncidal",
        "he is sui-\r\n  cidal",
        "wants to \u2060die",
        "can\u00b4t go on",
        "can\u2018t go on",
        "can\u02bct go on",
        "can\u2032t go on",
    ],
)
def test_markup_and_what_shows_nothing_and_a_words_end_on_the_next_line_hide_no_phrase(text: str):
    assert SCREEN.finds([text])


@pytest.mark.parametrize(
    "text", ["PHQ-9 <20, wants to die, GAD-7 >3", "mood < 5 & suicidal > before", "A&E; overdose", "R&amp;D; knife"]
)
def test_signs_that_are_no_markup_take_no_words_away(text: str):
    assert SCREEN.finds([text])


def test_words_are_not_put_together_where_they_stand_apart():
    assert not SCREEN.finds(["He was told no-\none likes him <b>or</b> her", "part-time; cut hours"])
