# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets a program and its workers write no file larger than $ROLLCALL_TEST_LARGEST bytes: a full disk, without one.

Python imports this at its start where PYTHONPATH names this directory.
"""

from __future__ import annotations

import os
import resource

if os.environ.get("ROLLCALL_TEST_LARGEST"):
    _largest = int(os.environ["ROLLCALL_TEST_LARGEST"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (_largest, _largest))
