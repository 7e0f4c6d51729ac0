# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""By when a change that is made by hand has to be done."""

from __future__ import annotations

import datetime as dt

from ..clock import WorkingDay
from ..model import App, Person
from ..working_time import due, first_moment


def deadline(
    app: App, person: Person, *, giving: bool, emergency: bool, now: dt.datetime, working_day: WorkingDay
) -> dt.datetime:
    """Return by when a task that is opened at ``now`` has to be done, in UTC.

    The app's service level says how long it may take, in working time; an emergency's by the clock. What somebody gets
    who has not started yet is due when work begins on their first day, where that is the earlier moment: on the first
    day they need it. It is never due before ``now``. Raises SettingsError for a country that is not known.
    """
    if emergency:
        return now + app.sla.emergency
    by = due(working_day, now, app.sla.grant if giving else app.sla.revoke)
    if giving and person.start is not None:
        begins = first_moment(working_day, person.start)
        if now < begins:
            by = min(by, begins)
    return by
