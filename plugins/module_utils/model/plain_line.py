# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of HR, apps and people within a line that a person reads in a terminal or a log."""

from __future__ import annotations


def on_one_line(text: str) -> str:
    """Return ``text`` on one line. What a terminal would obey, or nobody would see, is written out: ``\\n``, ``\\x1b``.

    Otherwise an account could be named so that a line of the log seems to say something else.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
