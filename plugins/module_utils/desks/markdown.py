# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain text where GitHub and GitLab would read markup: seen as it is, and doing nothing.

In a block of code neither of the two looks for markup, HTML, people (@name) or tickets (#1).

Source: https://docs.gitlab.com/user/markdown/ and https://github.github.com/gfm/#fenced-code-blocks
"""

from __future__ import annotations

import re
import unicodedata

_FENCED = re.compile(r"(`{3,})text\n(.*)\n\1(?:\n|$)", re.DOTALL)
_NEWLINE = re.compile(r"\r\n|\r|\n")
#: What GitLab takes for somebody or something in a title, where no block of code can be: @jane, #1, !1, $1, &1, ~bug.
_REFERENCE = re.compile(r"([@#!$&%~])(?=\w)")
_WORD_JOINER = "\u2060"  # has no width


def fenced(text: str, longest: int = 900_000) -> str:
    """Return a text as a block of code; of one that is longer than the desk takes, its beginning."""
    if len(text) > longest:
        text = f"{text[:longest]}\n… (the rest is longer than this desk takes)"
    # the fence is longer than every run of backticks: nobody means one of thousands, and it shall not fill the ticket
    text = re.sub("`{100,}", "`" * 100, text)
    lines = [_harmless(line) for line in _NEWLINE.split(text)]
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def unfenced(text: str) -> str:
    """Return the text that ``fenced`` was given; a text that does not begin with its block as it is."""
    found = _FENCED.match(_NEWLINE.sub("\n", text))
    return found[2] if found else text


def _harmless(line: str) -> str:
    """GitLab looks for commands (/close) before it looks for blocks of code, whose end it finds too early in a text
    that holds three backticks itself. A command is one only at the very beginning of a line.

    Source: https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/quick_actions/extractor.rb
    """
    line = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") and c != "\t" else c for c in line)
    return f" {line}" if line.startswith("/") else line


def title(text: str, longest: int) -> str:
    """Return a title on one line of at most so many characters, in which nobody is mentioned; its end stays."""
    line = _REFERENCE.sub(rf"\1{_WORD_JOINER}", " ".join(_harmless(text).split()))
    if len(line) <= longest:
        return line
    mark = line.rfind(" [rollcall ")
    end = line[mark:] if mark >= 0 else ""
    return f"{line[: longest - len(end) - 1]}…{end}"
