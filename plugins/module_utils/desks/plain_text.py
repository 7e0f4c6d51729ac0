# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person reads of a text in HTML: its lines, without the tags and without the mail that is quoted below."""

from __future__ import annotations

import html
import re
import string

#: So much of a text is looked at (characters). Nobody writes as much; the rest of a newsletter is no answer.
LONGEST = 400_000

_LINES = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body caption center dd details div dl dt fieldset figure footer form h1 h2 h3"
        " h4 h5 h6 header hr html legend li main nav ol option p pre section summary table tbody tfoot thead tr ul",
    )
)
_CELLS = frozenset(("td", "th"))
#: What is not seen, and, in a blockquote, what somebody else wrote before.
_DROPPED = frozenset(["blockquote", "head", "noscript", "object", "svg", "template"])
#: In these nothing is a tag but their own end.
_RAW = frozenset(["script", "style", "textarea", "title"])
_TAG = re.compile(r"</?([a-z][a-z0-9:-]{0,30})")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)  # unlike lower() it moves nothing
_MOST_QUOTED = 8  # ">" within the values of one tag


def plain_text(markup: str) -> str:
    """Return what is seen of ``markup``: a block is a line (or several), entities are the characters they stand for.

    What scripts, styles and quoted mail (``blockquote``) hold is left out. Never raises: what is no HTML is text. An
    element to be left out that has no end takes the rest with it. The time is in proportion to the length, whatever
    the text, which that of Python's html.parser is not.
    """
    reading = _Reading(markup[:LONGEST])
    reading.read()
    lines = (" ".join(line.split()) for line in "".join(reading.pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reading:
    def __init__(self, markup: str) -> None:
        self.markup = markup
        self.lower = markup.translate(_LOWER)
        self.pieces: list[str] = []
        self._last = markup.rfind(">")
        self._dropping: list[str] = []
        self._pre = 0

    def read(self) -> None:
        at = 0
        while at < len(self.markup):
            begin = self.markup.find("<", at)
            if begin < 0 or begin > self._last:
                break
            self._text(at, begin)
            at = self._token(begin)
        self._text(at, len(self.markup))

    def _token(self, begin: int) -> int:
        """Read what begins with "<"; return where it ends."""
        if self.markup.startswith("<!--", begin):
            return self._after("-->", begin + 4)
        if self.markup.startswith(("<!", "<?"), begin):
            return self._after(">", begin)
        found = _TAG.match(self.lower, begin)
        if not found:
            self._text(begin, begin + 1)
            return begin + 1
        end = self._end_of_tag(begin)
        name, closing = found[1], self.markup.startswith("</", begin)
        if name in _RAW and not closing:
            close = self.lower.find(f"</{name}", end)
            return len(self.markup) if close < 0 else self._after(">", close)
        self._tag(name, closing)
        return end

    def _after(self, what: str, begin: int) -> int:
        found = self.markup.find(what, begin)
        return len(self.markup) if found < 0 else found + len(what)

    def _end_of_tag(self, begin: int) -> int:
        """Return where a tag ends: at the first ">" that does not stand in quotes."""
        first = end = self.markup.find(">", begin)
        for _unused in range(_MOST_QUOTED):
            if not self._quotes_open(begin, end):
                return end + 1
            end = self.markup.find(">", end + 1)
            if end < 0:
                break
        return first + 1

    def _quotes_open(self, begin: int, end: int) -> bool:
        rest = re.sub(r"\"[^\"]*\"|'[^']*'", "", self.markup[begin:end])
        return '="' in rest or "='" in rest

    def _tag(self, name: str, closing: bool) -> None:
        if closing and name in self._dropping:
            # what was opened within it and not closed ends with it
            while self._dropping.pop() != name:
                continue
        seen = not self._dropping
        if name in _DROPPED and not closing:
            self._dropping.append(name)
        if name == "pre":
            self._pre = max(0, self._pre + (-1 if closing else 1))
        if not seen:
            return
        if name in _CELLS:
            self.pieces.append(" ")
        elif name == "br" or (name in _LINES and self.pieces and not self.pieces[-1].endswith("\n")):
            self.pieces.append("\n")

    def _text(self, begin: int, end: int) -> None:
        if begin < end and not self._dropping:
            text = html.unescape(self.markup[begin:end])
            text = text if self._pre else re.sub(r"\s+", " ", text)
            if text.strip() or not self.pieces or not self.pieces[-1].endswith("\n"):
                self.pieces.append(text)
