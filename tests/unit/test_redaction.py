# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret is shown, in whatever form it travels, and other texts stay what they are."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.rollcall.access.plugins.module_utils import redaction
from ansible_collections.rollcall.access.plugins.module_utils.redaction import Redactor
from hypothesis import given
from hypothesis import strategies as st

SECRET = 's3cret/token+with=odd chars"\\é'


def test_redaction_leaves_other_texts_alone() -> None:
    assert Redactor(["hunter22"])("nothing here") == "nothing here"
    assert Redactor([])("Authorization: Bearer abcdefgh12345") == "Authorization: Bearer ***"
    assert Redactor(["ab"])("abacus") == "abacus"  # too short to be a secret


@pytest.mark.parametrize(
    "shown",
    ["the token abcd1234ef... is not valid", "the token ...90wxyz77 has expired", "abcd1234efgh56 and 567890wxyz77"],
)
def test_the_beginning_and_the_end_of_a_token_are_not_shown_either(shown: str) -> None:
    hidden = Redactor(["abcd1234efgh567890wxyz77"])(shown)
    assert "abcd1234" not in hidden
    assert "90wxyz77" not in hidden
    assert "***" in hidden


def test_a_secret_that_another_thread_added_meanwhile_is_hidden_from_its_next_request_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    redactor = Redactor([])

    def interrupted(data: bytes) -> list[str]:
        monkeypatch.undo()
        redactor.add(["another-secret-22"])  # while the first is being worked out
        return []

    monkeypatch.setattr(redaction, "_within_base64", interrupted)
    redactor.add(["hunter22-and-more"])
    redactor.add(["another-secret-22"])
    assert redactor("hunter22-and-more, another-secret-22") == "***, ***"


def test_a_secret_that_is_a_word_does_not_take_other_words_apart() -> None:
    assert Redactor(["application-password"])("the application failed") == "the application failed"


@pytest.mark.parametrize("form", ["hex", "base64", "base64 for URLs"])
def test_a_secret_that_is_sent_back_encoded_is_not_shown(form: str) -> None:
    data = SECRET.encode()
    shown = {
        "hex": data.hex(),
        "base64": base64.b64encode(data).decode(),
        "base64 for URLs": base64.urlsafe_b64encode(data).decode(),
    }[form]
    assert shown.rstrip("=") not in Redactor([SECRET])(f"signature of {shown}")


@given(st.text("abcXYZ19", min_size=4), st.text(), st.text())
def test_no_secret_survives_redaction(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor([secret])(before + secret + after)


def test_a_secret_of_several_lines_is_not_shown_on_one() -> None:
    redact = Redactor(["-----BEGIN KEY-----\nabc\ndef\n-----END KEY-----\n"])
    assert "abc" not in redact("refused: -----BEGIN KEY----- abc def -----END KEY----- is no key")
