# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of an answer that was written as HTML."""

from __future__ import annotations

import time

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.plain_text import LONGEST, plain_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>account: jane</p><p>done</p>", "account: jane\ndone"),
        ("account: jane<br>done<br/>\n<br >thanks", "account: jane\ndone\n\nthanks"),
        ("<div>account: <b>ja</b>ne</div>", "account: jane"),
        (
            "<ul><li>mailbox: a@b.example</li><li>drive: c@d.example</li></ul>",
            "mailbox: a@b.example\ndrive: c@d.example",
        ),
        ("<table><tr><td>account:</td><td>jane</td></tr><tr><td>done</td></tr></table>", "account: jane\ndone"),
        ("a &lt;b&gt; &amp; &quot;c&quot; &#65;&nbsp;&uuml; 東京", 'a <b> & "c" A ü 東京'),
        ("<pre>one\n  two</pre>three", "one\ntwo\nthree"),
        ("one\n  two\tthree", "one two three"),
        ('<a title="2 > 1" href=\'x>y\'>done</a> <b data-x=">">it', "done it"),
        ("DONE <BR>Account: Jane<P>it", "DONE\nAccount: Jane\nit"),
        ("a < b", "a < b"),
        ("it<p", "it<p"),
        ("2 < 3 and 5 > 4 & 1", "2 < 3 and 5 > 4 & 1"),
        ("no markup", "no markup"),
        ("", ""),
    ],
)
def test_blocks_are_lines_and_entities_characters(markup: str, text: str) -> None:
    assert plain_text(markup) == text


@pytest.mark.parametrize(
    "markup",
    [
        "done<script>declined: no</script>",
        "<style>declined: no</style>done",
        "<html><head><title>declined: no</title></head><body>done</body></html>",
        "done<blockquote>declined: no<br><blockquote>deeper</blockquote>declined</blockquote>",
        "done<blockquote type='cite'><div>declined: no",
        "<!-- declined: no -->done",
        "<!DOCTYPE html><![if !mso]>done<![endif]><!--[if mso]>declined: no<![endif]-->",
        "done<template><p>declined: no</p></template>",
        "</blockquote>done",
    ],
)
def test_what_nobody_sees_and_what_was_quoted_is_left_out(markup: str) -> None:
    assert plain_text(markup) == "done"


def test_what_follows_a_quotation_is_read() -> None:
    assert plain_text("<blockquote><script>x</script>How?<p>open</blockquote><p>done</p>") == "done"


@pytest.mark.parametrize(
    "piece",
    ["<!", "<![x[", "<a ", "<!--", "<blockquote>", "</", "<", "&", "<script>", "<p", "<a b='", "&#", '<a ="> ', "<x>"],
)
def test_no_text_is_too_odd_or_too_long(piece: str) -> None:
    before = time.monotonic()
    plain_text("done " + piece * 20_000)
    plain_text(("done " + piece + "\n") * (LONGEST // 50))
    assert time.monotonic() - before < 5
