# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody asks for, before anybody has judged it."""

from __future__ import annotations

import dataclasses
import datetime as dt

from ..model import Origin, fingerprint
from ..policy.values import Pair


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """Access that is asked for, from wherever it was asked.

    ``person`` and ``requested_by`` are names as they were given (id, username or address). Of an app alone the pair is
    (app, ""). It ends on ``until``, or ``lasts`` so long from the first day; with neither as late as the apps allow.
    ``via`` says where it came from. ``given_id`` is an id of their own; ``again`` tells apart what is asked with the
    same words once more, after the first has ended.
    """

    person: str
    grants: tuple[Pair, ...]
    reason: str
    requested_by: str
    until: dt.date | None = None
    lasts: dt.timedelta | None = None
    start: dt.date | None = None
    given_id: str = ""
    again: int = 0
    via: str = ""
    origin: Origin | None = dataclasses.field(default=None, compare=False)

    @property
    def id(self) -> str:
        """The id of the request: the same words have the same, so that asking twice asks once."""
        if self.given_id:
            return self.given_id
        words = [self.person.strip().casefold(), sorted(self.grants), self.reason, self.requested_by.strip().casefold()]
        words += [str(value or "") for value in (self.until, self.lasts, self.start)]
        made = f"request-{fingerprint(words)[:10]}"
        return f"{made}-{self.again + 1}" if self.again else made

    @property
    def where(self) -> str:
        """Where it was asked, for messages: file and line, or what it came through."""
        return str(self.origin or self.via or f"request for {self.person}")
