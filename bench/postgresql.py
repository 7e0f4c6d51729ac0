# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PostgreSQL server of the benchmark's own. Its programs come from PyPI (pgserver)."""

from __future__ import annotations

import contextlib
import typing as t

from ..tests.servers.postgresql_server import newer, running


@contextlib.contextmanager
def postgresql() -> t.Iterator[int]:
    """Start a server and yield its port: the superuser ``owner`` may come in from this machine without a password.

    It does not wait for the disk (fsync is off), which favours nobody but makes everything else weigh more.
    """
    with running(newer()) as (port, _folder):
        yield port
