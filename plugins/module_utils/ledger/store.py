# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger: everything that Rollcall remembers, and the evidence that it is true.

Each subject has a file of its own; here they become one. Every method that changes something writes the change and the
event that proves it in one transaction; every method raises LedgerError when the database does not do its part.
"""

from __future__ import annotations

from .accounts import Accounts
from .claims import Claims
from .evidence import Evidence
from .fulfilment import Fulfilment
from .grants import Grants
from .holdings import Holdings
from .looking_back import LookingBack
from .outliers import Outliers
from .people import People
from .plans import Plans
from .requests import Requests
from .reviews import Reviews
from .rulings import Exceptions, Locks, Notices
from .runs import Runs
from .tasks import Tasks


class Ledger(
    Runs,
    People,
    Accounts,
    Grants,
    Holdings,
    LookingBack,
    Outliers,
    Plans,
    Claims,
    Fulfilment,
    Tasks,
    Locks,
    Exceptions,
    Notices,
    Requests,
    Reviews,
    Evidence,
):
    """An open ledger. ``Ledger.open(url)`` opens one; use it in a ``with``, or ``close`` it."""
