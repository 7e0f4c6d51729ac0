# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes put into a run, to see that the tests find them: what keeps it from doing something twice is left out."""

from __future__ import annotations

import dataclasses
import importlib
import typing as t

_UTILS = "ansible_collections.rollcall.access.plugins.module_utils"


def _does_not_look_for_accounts() -> None:
    """What an app has of somebody is not recognised, and not looked for before it is made."""
    reading = importlib.import_module(f"{_UTILS}.connectors.rest_reading").RestReading
    accounts = reading.accounts

    def unknown(self: t.Any) -> t.Iterator[t.Any]:
        for one in accounts(self):
            yield dataclasses.replace(one, external_id="", email="", username=one.id)

    find = reading.find
    reading.accounts = unknown
    reading.find = lambda self, key: find(self, key) if key.id else None
    importlib.import_module(f"{_UTILS}.connectors.rest").RestConnector._check_free = lambda *given: None


def _does_not_look_for_tickets() -> None:
    """A ticket is opened without asking the desk whether it is there."""
    importlib.import_module(f"{_UTILS}.desks.products.zammad").ZammadDesk.find = lambda self, tasks: iter(())


def _does_not_look_at_tickets() -> None:
    """Something is said without looking whether it was said."""
    desk = importlib.import_module(f"{_UTILS}.desks.products.zammad").ZammadDesk
    desk.said = lambda self, reference: ()


def _does_not_write_down_that_it_sends() -> None:
    """A mail is sent, and what is written down before is something else."""
    told = importlib.import_module(f"{_UTILS}.desks.told").Told

    def begin(self: t.Any, place: str, digest: t.Any) -> int:
        self._last[place] += 1
        self._ledger.notice(f"something else {place} {self._last[place]}", {}, self._run, self._now)
        return self._last[place]

    told.begin = begin


MUTATIONS: t.Mapping[str, t.Callable[[], None]] = {
    "does not look for accounts": _does_not_look_for_accounts,
    "does not look for tickets": _does_not_look_for_tickets,
    "does not look at tickets": _does_not_look_at_tickets,
    "does not write down that it sends": _does_not_write_down_that_it_sends,
}


def apply(name: str) -> None:
    """Make the mistake of this name; none without one."""
    if name:
        MUTATIONS[name]()
