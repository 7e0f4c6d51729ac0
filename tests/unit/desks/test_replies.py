# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What owners write, read as answers."""

from __future__ import annotations

import time

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Reply
from ansible_collections.rollcall.access.plugins.module_utils.desks.replies import Said, latest, read_reply
from hypothesis import example, given, settings
from hypothesis import strategies as st

LETTER = """Who: Alex Chen <alex.chen@acme.example>
App: SEMrush
By: 2026-03-03 17:00 UTC

What to do:
1. Create an account named "a.chen".
   Why: birthright sales

How to answer: close this ticket when it is done, or write a comment with one of these lines.
  account: THE-ACCOUNT-NAME    (if it is not the one asked for)
  done
  declined: WHY
Rollcall follows this ticket as task 1a2b3c4d5e; please leave the number in its title."""


@pytest.mark.parametrize(
    "text",
    [
        "done",
        "Done.",
        "DONE!",
        "yes",
        "ok done",
        "OK, done.",
        "It's done",
        "all done",
        "Completed.",
        "approved",
        "Yes, approved.",
        "done: yes",
        "status = done",
        "**Done**",
        "- done",
        "1. done",
        "- [x] done",
        "\u00a0done\u200b",
        "Hi,\n\nall done.\n\nThanks,\nSam",
        "done\n-- \nSam Owner\ndeclined: never",
    ],
)
def test_what_means_done(text):
    said = read_reply(text)
    assert (said.done, said.readable, said.unreadable, said.note) == ("yes", True, "", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("declined: no licence left", "no licence left"),
        ("Declined - no licence left", "no licence left"),
        ("refused: no licence left", "no licence left"),
        ("rejected, no licence left", "no licence left"),
        ("cannot: no licence left", "no licence left"),
        ("Declined because no licence left", "no licence left"),
        ("**Declined:** no licence left", "no licence left"),
        ("declined, reason: no licence left", "no licence left"),
        ("declined\nreason: no licence left", "no licence left"),
        ("Declined.\n\nWe have none left.\nAsk finance.", "We have none left.\nAsk finance."),
        ("declined: no licence left,\nask finance", "no licence left,\nask finance"),
        ("declined", ""),
    ],
)
def test_what_means_declined_and_why(text, reason):
    said = read_reply(text)
    assert (said.done, said.reason, said.readable) == ("declined", reason, True)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("account: a.chen", "a.chen"),
        ("Account name: a.chen", "a.chen"),
        ("ACCOUNT = a.chen", "a.chen"),
        ("done, account: a.chen", "a.chen"),
        ("Done. Account: a.chen, note: she has to change the password", "a.chen"),
        ("done\naccount: a.chen@acme.example<mailto:a.chen@acme.example>", "a.chen@acme.example"),
        ('* **account:** `a.chen`\n* username: "a.chen"', "a.chen"),
        ("account: ACME\\a.chen", "ACME\\a.chen"),
        ("account: =1+1", "=1+1"),
        ("account: <script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_an_account_name_says_that_it_is_done(text, name):
    said = read_reply(text)
    assert (said.account_name, said.done) == (name, "yes")


def test_the_name_asked_for_may_be_confirmed_in_words():
    assert read_reply("account: as asked") == Said(done="yes", readable=True)


@pytest.mark.parametrize("text", ["account:", "account:\nnote:", "account: NAME", "declined: WHY"])
def test_a_form_that_nobody_filled_in_says_nothing(text):
    assert read_reply(text) == Said()


@pytest.mark.parametrize("text", ["not yet", "done: no", "Not done yet.", "not yet, waiting for finance"])
def test_not_yet_is_understood_and_is_not_done(text):
    said = read_reply(text)
    assert (said.done, said.not_yet, said.readable) == ("", True, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "> done",
        "ok, I will look at it",
        "Done with the first one",
        "Completed on Monday, or so I hope",
        "Is it done?",
        "done?",
        "Cannot do this today",
        "I have not done this",
        "no",
        "http://example.com/done",
        "The account is ready",
        "Phone: +1 555 0100\nWeb: https://acme.example",
    ],
)
def test_in_doubt_nothing_is_understood(text):
    said = read_reply(text)
    assert (said.done, said.account_name, said.readable, said.unreadable) == ("", "", False, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("done\ndeclined: no licence", "says declined and done"),
        ("done\nnot yet", "says done and not yet"),
        ("account: a b", "holds spaces"),
        ("account: a.chen (see below)\ndone", "holds spaces"),
        ("account: a\x07chen", "holds spaces"),
        ("account: a\u202echen", "holds spaces"),
        ("account: " + "x" * 321, "too long"),
        ("account: a.chen\naccount: b.chen", "two account names"),
        ("done, but the licence is missing", "neither done nor declined"),
        ("Done once she signs: tomorrow\ndone - will be active tomorrow", "neither done nor declined"),
        ("status: soon", "neither done nor declined"),
        ("mailbox: a@acme.example\nmailbox: b@acme.example", "differently"),
    ],
)
def test_an_answer_that_cannot_be_one_is_told_and_nothing_of_it_counts(text, words):
    said = read_reply(text)
    assert words in said.unreadable
    assert said == Said(unreadable=said.unreadable)


def test_a_note_is_kept_with_its_lines_and_what_else_was_written_is_one_too():
    assert read_reply("done\nnote: she must\nchange it\n\nSee you").note == "she must\nchange it"
    assert read_reply("Hello,\ndone.\nThe licence was the last one.\nKind regards\nSam").note == (
        "The licence was the last one."
    )
    assert read_reply("Done - her manager knows").note == "her manager knows"


def test_choices_are_lines_with_an_address_or_a_usual_word():
    said = read_reply("mailbox: jane@acme.example\n* Drive = manager\nrepositories: j.doe\ncc: kim@acme.example")
    assert dict(said.choices) == {"mailbox": "jane@acme.example", "drive": "manager", "repositories": "j.doe"}
    assert said.readable
    assert not said.done


def test_where_it_is_known_what_is_chosen_only_that_is_a_choice():
    said = read_reply("Recurring meetings: Jane Doe\nmailbox: jane@acme.example", things=["recurring meetings"])
    assert dict(said.choices) == {"recurring meetings": "Jane Doe"}


@pytest.mark.parametrize(
    "text",
    [
        "done\n\nOn Mon, 2 Mar 2026 at 10:00, Rollcall <rollcall@acme.example> wrote:\n> declined: WHY\n> account: x",
        "On Mon, 2 Mar 2026 at 10:00, Rollcall\n<rollcall@acme.example> wrote:\n\n> declined: no\n\ndone",
        "On Mon, 2 Mar 2026, Rollcall wrote:\n> What to do\ndone\n> declined: x",
        "done\n\n-----Original Message-----\nFrom: Rollcall\ndeclined: no",
        "done\n\n*From:* Rollcall <r@acme.example>\n*Sent:* Monday\n*To:* Sam\n*Subject:* x\n\ndeclined: no",
        "done\n\nBegin forwarded message:\ndeclined: no",
        "done\n\nOn Monday, Rollcall wrote:\n\ndeclined: without quote marks",
        "done\nSent from my phone\n",
        f"done\n\n{LETTER[LETTER.index('How') :]}",
        f"{LETTER}\n\ndone",
    ],
)
def test_what_was_answered_is_not_read_as_the_answer(text):
    said = read_reply(text)
    assert (said.done, said.unreadable) == ("yes", "")


def test_a_reply_that_is_only_our_letter_says_nothing():
    quoted = "\n".join(f"> {line}" for line in LETTER.split("\n"))
    assert read_reply(f"On Monday, Rollcall wrote:\n{quoted}") == Said()
    assert read_reply(LETTER, ours=LETTER) == Said()


def test_a_letter_repeated_without_marks_is_left_out_and_the_single_word_of_the_owner_stays():
    letter = "Please do this\nnote: be careful\naccount: sample\nand then that\ndone"
    assert read_reply(f"done\n\n{letter}", ours=letter) == Said(done="yes", readable=True)


@pytest.mark.parametrize(
    "data", ["{{ lookup('file', '/etc/passwd') }}", "=cmd|'/c calc'!A1", "<b>x</b>", "{% raw %}", "@everyone"]
)
def test_formulas_markup_and_templates_stay_what_they_are(data):
    assert read_reply(f"done\nnote: {data}").note == data
    assert read_reply(f"declined: {data}").reason == data


# several replies


def replies(*texts):
    return [Reply(str(number), f"{number}@acme.example", text) for number, text in enumerate(texts, 1)]


def test_the_last_decision_counts():
    heard = latest(replies("done\nnote: a", "declined: it was the wrong person", "thanks"))
    assert (heard.said.done, heard.said.reason, heard.said.note) == ("declined", "it was the wrong person", "")
    assert heard.reply is not None
    assert heard.reply.by == "2@acme.example"


def test_a_name_given_before_or_after_is_kept_with_the_decision():
    assert latest(replies("account: a.chen", "done")).said.account_name == "a.chen"
    after = latest(replies("done", "note: b")).said
    assert (after.done, after.note) == ("yes", "b")


def test_done_taken_back_is_not_done():
    said = latest(replies("done", "not yet, sorry")).said
    assert (said.done, said.not_yet) == ("", True)


def test_a_later_reply_that_cannot_be_read_is_reported_until_one_that_can():
    heard = latest(replies("done", "account: a b"))
    assert heard.unread is not None
    assert (heard.unread.id, bool(heard.said.unreadable)) == ("2", True)
    assert latest(replies("done", "account: a b", "account: ab")).unread is None


def test_no_replies_say_nothing():
    assert latest([]).said == Said()


# anything at all


_PLAIN = ["done", "declined", "account", "note", "reason", ":", "=", " ", "\n", ">", "-- ", "On x wrote:", ","]
_MARKS = ["From: a\nSent: b\nTo: c", "mailbox: a@b.c", "**", "<mailto:", "status: done: ", "\x00", "{{"]
WORDS = st.sampled_from([*_PLAIN, *_MARKS, "not yet", "How to answer:"])


@given(st.one_of(st.text(max_size=400), st.lists(WORDS, max_size=40).map("".join)))
@example("done:" * 20_000)
@example("status: " * 10_000)
@example("account: a, " * 8_000)
@example("On " + " " * 90_000)
@example("How to answer:\n" * 6_000 + "rollcall follows this ticket as task")
@example(", " * 50_000)
@example("x" + " " * 99_000)
@example("\ud800account: \udfff")
@settings(max_examples=300)
def test_nothing_that_is_written_raises_or_is_half_understood(text):
    begun = time.process_time()
    said = read_reply(text, ours=text[:200])
    # a pattern that runs away takes hours
    assert time.process_time() - begun < 30
    assert said.done in ("", "yes", "declined")
    assert not (said.readable and said.unreadable)
    if said.unreadable or not said.readable:
        assert said == Said(unreadable=said.unreadable)
    if said.account_name:
        assert len(said.account_name) <= 320
        assert said.account_name.isprintable()
        assert not any(c.isspace() for c in said.account_name)
    for value in (said.note, said.reason, said.unreadable):
        assert all(c.isprintable() or c == "\n" for c in value)
