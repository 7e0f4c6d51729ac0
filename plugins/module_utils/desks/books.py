# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where tasks are written down, and what is to be known of whom and what they are about."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..ledger.store import Ledger
from ..model import App, Person, Run
from ..policy.organisation import Organisation


@dataclasses.dataclass(frozen=True)
class Books:
    """Where tasks are written down, by which run, and who and what they are about."""

    ledger: Ledger
    run: Run
    people: t.Mapping[str, Person]
    apps: t.Mapping[str, App]

    @functools.cached_property
    def organisation(self) -> Organisation:
        return Organisation(self.people)

    def app(self, key: str) -> App:
        # an app may have left the catalog while somebody was at work on it
        return self.apps.get(key) or App(key)

    def person(self, id: str) -> Person:
        known = self.people.get(id)
        if known is None:
            record = self.ledger.people([id]).get(id)
            known = record.person if record else Person(id)
        return known
