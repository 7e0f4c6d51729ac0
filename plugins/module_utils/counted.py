# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many of something there are, in words: "1 person is", "3 people are"."""

from __future__ import annotations


def counted(count: int, one: str, several: str = "") -> str:
    """Return "1 person", "3,000 people"; ``several`` is ``one`` with an s where it is not given."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"
