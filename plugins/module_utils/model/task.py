# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt

from .change import Change, fingerprint

OPEN_STATES = ("open",)
ENDED_STATES = ("attested", "verified", "declined", "cancelled")


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """Work for a person: the changes of one person in one app, in one direction, that nobody could automate.

    ``state`` is open; attested (the owner says it is done), verified (a read-back shows it), declined (with a reason in
    ``note``) or cancelled (no longer needed). ``id`` is short enough to say on the telephone.
    """

    id: str
    person: str
    app: str
    items: tuple[Change, ...]
    owner: str
    title: str
    instructions: str
    opened_at: dt.datetime
    due: dt.datetime
    urgency: str = "normal"
    state: str = "open"
    account_name: str = ""
    note: str = ""
    ended_by: str = ""
    ended_at: dt.datetime | None = None
    reason: str = ""  # why a person has to do it: no_connector, no_operation, refused, unverified
    desk: str = "embedded"
    reference: str = ""  # the desk's own number

    @property
    def key(self) -> str:
        """What the task is about; of one key at most one is ever open."""
        return fingerprint([self.person, self.app, sorted(item.id for item in self.items)])[:16]
