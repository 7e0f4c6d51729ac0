# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is a person done? A table of cases, and what is written down about them."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.concluding import progress_of
from ansible_collections.rollcall.access.plugins.module_utils.model import Grant, Task, Want
from ansible_collections.rollcall.access.tests.unit.company.place import at

NOW = at("2026-06-01")
TASK = Task("T1", "1", "hub", (), "o@x", "Give Ann access", "", NOW, NOW)


def present(app, *entitlements):
    return Want("1", app, "present", tuple(Grant(app, e, ()) for e in entitlements))


ABSENT, SUSPENDED = Want("1", "hub", "absent"), Want("1", "hub", "suspended")


@pytest.mark.parametrize(
    ("wants", "accounts", "granted", "tasks", "declined", "done", "missing"),
    [
        ([], {}, [], [], [], (0, 0), []),
        ([present("hub")], {}, [], [], [], (0, 1), ["an account in hub"]),
        ([present("hub")], {"hub": False}, [], [], [], (0, 1), ["an account in hub"]),
        ([present("hub")], {"hub": True}, [], [], [], (1, 1), []),
        ([present("hub", "a", "b")], {"hub": True}, [("hub", "a")], [], [], (2, 3), ["hub: b"]),
        ([present("hub", "a")], {"hub": True}, [("hub", "a")], [], [], (2, 2), []),
        # what the policy does not give has to go
        ([present("hub", "a")], {"hub": True}, [("hub", "a"), ("hub", "z")], [], [], (2, 3), ["hub: z is still there"]),
        # of an app that nothing is said about here, nothing is said
        ([present("hub", "a")], {"hub": True}, [("hub", "a"), ("lab", "z")], [], [], (2, 2), []),
        # what an owner declined, with a reason, is explained
        ([present("hub", "a")], {"hub": True}, [], [], [("hub", "grant", "a")], (2, 2), []),
        ([present("hub", "a")], {}, [], [], [("hub", "create", ""), ("hub", "grant", "a")], (2, 2), []),
        ([present("hub")], {"hub": True}, [("hub", "z")], [], [("hub", "revoke", "z")], (1, 1), []),
        ([present("hub", "a")], {"hub": True}, [], [], [("lab", "grant", "a")], (1, 2), ["hub: a"]),
        # leaving
        ([ABSENT], {}, [], [], [], (0, 0), []),
        ([ABSENT], {"hub": True}, [], [], [], (0, 1), ["the account in hub still works"]),
        ([ABSENT], {"hub": False}, [], [], [], (1, 1), []),
        ([SUSPENDED], {"hub": True}, [], [], [], (0, 1), ["the account in hub still works"]),
        ([SUSPENDED], {"hub": False}, [], [], [], (1, 1), []),
        # that somebody declined to cut off is no reason to call it cut off
        ([ABSENT], {"hub": True}, [], [], [("hub", "suspend", "")], (0, 1), ["the account in hub still works"]),
        # a task that is open is work that is not done
        ([present("hub")], {"hub": True}, [], [TASK], [], (1, 1), ["task T1: Give Ann access"]),
    ],
)
def test_how_far_somebody_is(wants, accounts, granted, tasks, declined, done, missing):
    found = progress_of(wants, accounts, granted, tasks, declined, "1")
    assert (found.done, found.due) == done
    assert list(found.missing) == missing
    assert found.complete is (not missing)
