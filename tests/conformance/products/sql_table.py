# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An in-house app on SQLite."""

from __future__ import annotations

import contextlib
import pathlib
import tempfile
import typing as t

from ansible_collections.rollcall.access.tests.conformance.in_house_app import InHouseApp, InHouseCase


class InHouseOnSqlite(InHouseCase):
    system = "An in-house app in a database"
    tested = "A real database (SQLite) with the tables of an app as companies write them."
    without: t.ClassVar[t.Mapping[str, str]] = {
        **InHouseCase.without,
        "revoke_credentials": "a file has no credentials",
        "take_scope": "a file has no permissions of its own",
    }

    @contextlib.contextmanager
    def start(self) -> t.Iterator[InHouseApp]:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "app.db")
            path.touch()
            yield InHouseApp(f"sqlite:///{path}", f"sqlite:///{path}")
