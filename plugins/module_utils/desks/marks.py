# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a ticket in markdown carries the id of its task: out of sight below the text, and at the end of the title."""

from __future__ import annotations

import re

_BELOW = re.compile(r"<!-- rollcall task ([0-9a-z]{1,40}) -->\s*\Z")
_IN_TITLE = re.compile(r"\[rollcall ([0-9a-z]{1,40})\]\s*\Z")


def marked(body: str, task: str) -> str:
    """Return the body of a ticket with the id of its task below."""
    return f"{body}\n\n<!-- rollcall task {task} -->"


def task_in(body: str, title: str) -> str:
    """Return the id that a ticket carries, or "". People change titles; what is not seen stays."""
    found = _BELOW.search(body) or _IN_TITLE.search(title)
    return found[1] if found else ""
