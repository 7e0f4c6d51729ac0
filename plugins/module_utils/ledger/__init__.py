# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Rollcall remembers: state, and a chain of events that proves it."""

from __future__ import annotations

from .records import ChangeResult, ChangeRow, IntendedChange
from .store import Ledger

__all__ = ["ChangeResult", "ChangeRow", "IntendedChange", "Ledger"]
