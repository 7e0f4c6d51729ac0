# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody wrote themselves, without what their mail program adds: quotes, headers, signatures, our letter.

All of it pure. There is no standard for any of this; the forms are those that mail programs write in English.
"""

from __future__ import annotations

import re

# Far more than anybody writes; what is longer was not written by hand.
_LONGEST = 100_000
_LONGEST_LINE = 4000

# What follows such a line is the mail that is answered, whole.
_CUT = re.compile(
    r"-{2,}\s*(original message|forwarded message|original appointment)\s*-{2,}|begin forwarded message:?",
    re.IGNORECASE,
)
_HEADER = re.compile(r"[*_]*(from|sent|date|to|cc|subject|reply-to)[*_]*\s*:[*_]*\s", re.IGNORECASE)
_ATTRIBUTION_BEGINS = re.compile(r"on\s\S", re.IGNORECASE)
_ATTRIBUTION_ENDS = re.compile(r".{0,400}\b(wrote|writes)\s*:\s*", re.IGNORECASE)
_SENT_FROM = re.compile(r"(sent from my|get outlook for|sent with)\s.{1,80}", re.IGNORECASE)

# The last lines of our own letter (letters.how_to_answer), where a program quotes it without a mark.
_OURS_BEGINS = "how to answer:"
_OURS_ENDS = "rollcall follows this ticket as task"
# So many lines in a row, as they are in our letter, are no coincidence; a single "done" is.
_COPIED = 3


def own_words(text: str, ours: str = "") -> list[str]:
    """Return the lines that were written by who answers, in their order; blank ones stay.

    ``ours`` is the text that was answered, where it is known: it is left out when it is repeated without quote marks.
    Spaces of every kind become plain ones; other characters that cannot be seen stay, for the caller to judge.
    """
    lines = [_plain(line[:_LONGEST_LINE]) for line in re.split(r"\r\n|\r|\n", text[:_LONGEST])]
    return _without_letter(_without_copy(_without_quotes(lines), ours))


def _plain(line: str) -> str:
    # isspace and not a control character: the no-break spaces that mail programs and copies from web pages bring
    spaced = "".join(" " if c.isspace() and ord(c) > 0x7F else c for c in line)
    return spaced.strip(" \t\ufeff\u200b\u200c\u200d\u2060\u200e\u200f")


def _without_quotes(lines: list[str]) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if line in ("--", "\u2014") or _CUT.fullmatch(line) or _is_header_block(lines, at):
            break
        length = _attribution(lines, at)
        if length:
            at += length
            following = next((lines[i] for i in range(at, len(lines)) if lines[i]), "")
            if not following.startswith(">"):
                break  # the quote below carries no marks: nothing tells it from an answer
            continue
        if not line.startswith(">") and not _SENT_FROM.fullmatch(line):
            found.append(line)
        at += 1
    return found


def _is_header_block(lines: list[str], at: int) -> bool:
    """From:, Sent:, To:, Subject: below each other, as Outlook puts them above the mail that is answered."""
    if not lines[at].lower().lstrip("*_").startswith("from") or not _HEADER.match(lines[at]):
        return False
    return sum(1 for line in lines[at : at + 6] if _HEADER.match(line)) >= 3


def _attribution(lines: list[str], at: int) -> int:
    """Return over how many lines "On Monday, Jane wrote:" goes that begins here; 0 where none does."""
    if not _ATTRIBUTION_BEGINS.match(lines[at]):
        return 0
    for length in (1, 2, 3):
        if _ATTRIBUTION_ENDS.fullmatch(" ".join(lines[at : at + length])):
            return length
    return 0


def _without_copy(lines: list[str], ours: str) -> list[str]:
    letter = [line for line in (_squeezed(one) for one in ours.split("\n")) if line]
    if len(letter) < _COPIED:
        return lines
    runs = {tuple(letter[i : i + _COPIED]) for i in range(len(letter) - _COPIED + 1)}
    filled = [i for i, line in enumerate(lines) if line]
    copied: set[int] = set()
    for first in range(len(filled) - _COPIED + 1):
        places = filled[first : first + _COPIED]
        if tuple(_squeezed(lines[i]) for i in places) in runs:
            copied.update(places)
    return [line for i, line in enumerate(lines) if i not in copied]


def _without_letter(lines: list[str]) -> list[str]:
    ends = [i for i, line in enumerate(lines) if line.lower().startswith(_OURS_ENDS)]
    found: list[str] = []
    inside = False
    for i, line in enumerate(lines):
        if ends and i < ends[-1] and line.lower().startswith(_OURS_BEGINS):
            inside = True
        if not inside and i not in ends[-1:]:
            found.append(line)
        if i in ends[-1:]:
            inside = False
    return found


def _squeezed(line: str) -> str:
    return " ".join(line.split())
