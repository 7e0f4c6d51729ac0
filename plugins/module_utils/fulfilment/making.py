# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making an account, once: also where answers are lost, lag behind, or come after the account was made."""

from __future__ import annotations

import typing as t

from ..errors import Conflict, NotFound, Refused, Throttled, Transient, Unsupported
from ..model import Account, AccountKey, ChangeKind, NewAccount
from .their_account import TheirAccount


class Making:
    """One account that is made, however often that is tried. It knows what came of each try.

    ``wanted`` are the entitlements that it gets with the account. ``unanswered``: an earlier run tried, and may have
    made it. ``is_new``: a list that was read a moment ago shows nobody who could be this person.
    """

    def __init__(
        self, their: TheirAccount, new: NewAccount, wanted: t.Sequence[t.Any], *, unanswered: bool, is_new: bool
    ) -> None:
        self._their = their
        self._new = new
        self._wanted = wanted
        self._unanswered = unanswered
        self._is_new = is_new
        # the operations are optional, so the contract's base has none of them; ``can`` has said that this one is there
        self._create = getattr(their.connector, ChangeKind.CREATE.value)
        #: what the account may be found by, whoever made it
        self._found_by = AccountKey(external_id=new.external_id, email=new.email, username=new.username)
        # nobody has HR's id or the address: that was asked a moment ago
        self._key = self._found_by if unanswered else AccountKey(username=new.username)

    def make(self) -> Account:
        """Return the account: the one that is there, or a new one. Raises AppErrors; then it may be tried again."""
        found, asked = None, not self._is_new
        if self._their.connector.finds and not self._is_new:
            # after a lost answer, of this run or of an earlier one, it may be there: look, and make no second
            found = self._their.find_patiently(self._key) if self._unanswered else self._their.connector.find(self._key)
        if found is not None:
            self._their.check_owner(found)
            return found
        self._key, self._is_new = self._found_by, False
        try:
            return self._create(self._new, self._wanted)
        except (Throttled, Transient) as error:
            # "too many requests" says that nothing was done, unless it came after the account was made
            self._unanswered = self._unanswered or bool(error.details.get("sent", isinstance(error, Transient)))
            raise
        except NotFound:
            self._unanswered = True  # it may be the new account that is not known everywhere yet
            raise
        except (Conflict, Refused, Unsupported) as error:
            # made, and something of what it was to be given is refused: each is asked for by itself then
            made = bool(error.details.get("sent"))
            taken = isinstance(error, Conflict)
            found = None
            if self._their.connector.finds and (made or (taken and self._unanswered)):
                # what has the name may be what was made a moment ago, when the answer was lost
                found = self._their.find_patiently(self._found_by)
            if taken and not asked and found is None:
                # or by somebody else, since the list was read
                found = self._their.connector.find(AccountKey(username=self._new.username))
            if found is None:
                raise
            self._their.check_owner(found)
            return found
