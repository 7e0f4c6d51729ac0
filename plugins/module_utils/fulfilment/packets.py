# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes of one person in one app: what is carried out as one."""

from __future__ import annotations

import dataclasses

from ..model import App, Change, Person


@dataclasses.dataclass(frozen=True)
class Packet:
    """The changes of one person in one app, in order."""

    person: Person
    app: App
    changes: tuple[Change, ...]
