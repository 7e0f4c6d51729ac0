# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One packet while it is carried out: read, do what is still to do, read again.

What it does is in the app. The ledger is written to before by its runner, and after by ``conclude``.
"""

from __future__ import annotations

import itertools
import typing as t

from ..connectors.contract import Connector
from ..errors import AppError, Broken, NotFound, Throttled, Transient
from ..ledger.records import ChangeResult
from ..model import REMOVALS, Account, AccountKey, Change, ChangeKind, NewAccount
from .circumstances import Circumstances
from .handing_over import open_tasks
from .making import Making
from .packets import Packet
from .recording import Evidence, evidence_of
from .showing import UNREADABLE, shows
from .their_account import TheirAccount


class Attempt:
    """The state of one packet while it is carried out."""

    def __init__(
        self, runner: Circumstances, packet: Packet, connector: Connector, tried: frozenset[str] = frozenset()
    ) -> None:
        self.runner = runner
        #: the ids of changes that an earlier run tried, and may have made
        self.tried = tried
        self.person = packet.person
        self.app = packet.app
        self.changes = packet.changes
        self.connector = connector
        self.their = TheirAccount(runner, packet.person, packet.app, connector)
        self.account: Account | None = None
        self.done: dict[str, ChangeResult] = {}
        #: grants that were asked for together with a new account, in one call
        self.given_with_account: set[str] = set()
        #: whether a list that was read a moment ago shows nobody who could be this person
        self.is_new = False
        #: what was done and has not been seen yet
        self.waiting: list[Change] = []
        #: what is to be written down, once it has been read back
        self.evidence = Evidence()
        self._by_hand: list[Change] = []

    def act(self) -> None:
        """Read, do what is still to do, and read again. Nothing is written to the ledger."""
        if self.do():
            self.read_back()
            self.close()

    def do(self) -> bool:
        """Do what is still to do; what is to be read back is ``waiting`` then. Returns False if nothing was tried."""
        self._by_hand = [change for change in self.changes if not self._automatic(change)]
        automatic = [change for change in self.changes if change not in self._by_hand]
        return bool(automatic) and self._automatically(automatic)

    def put_off(self, detail: str) -> None:
        """Leave all of it for the next run."""
        for change in self.changes:
            self.finish(change, "deferred", detail, attempts=0)

    def close(self) -> None:
        """Work out how everything ended, and what is to be written down."""
        self._settle_what_was_passed_over()
        self.evidence = evidence_of(self)

    def conclude(self) -> list[ChangeResult]:
        """Hand over to people what they have to do, and return one result for each change, in order."""
        refused = [r.change for r in self.done.values() if r.state == "failed"]
        urgent = [r.change for r in self.done.values() if r.state == "deferred" and r.change.urgency == "emergency"]
        if self._by_hand:
            open_tasks(self, self._by_hand, "no_connector" if not self.connector.operations() else "no_operation")
        if refused:
            open_tasks(self, refused, "refused")
        if urgent:
            # an emergency does not wait for an app that is down: somebody goes and looks
            open_tasks(self, urgent, "deferred")
        for change in self.changes:
            if change.id not in self.done:
                handing_over = next(c for c in self.changes if c.kind is ChangeKind.TRANSFER)
                task = self.done[handing_over.id].task
                state = "task" if task else "deferred"
                detail = "" if task else "waits until what they own is handed over"
                self.finish(change, state, detail, task=task, attempts=0)
        return [self.done[change.id] for change in self.changes]

    # deciding

    def _automatic(self, change: Change) -> bool:
        if not self.connector.can(change.kind.value):
            return False
        needs_account = change.kind is not ChangeKind.CREATE and not change.account
        creating = any(c.kind is ChangeKind.CREATE for c in self.changes)
        # what is given to an account that somebody makes by hand is given by hand too, in the same task
        return not (needs_account and creating and not self.connector.can("create"))

    def _not_handed_over(self) -> bool:
        transfers = [change for change in self.changes if change.kind is ChangeKind.TRANSFER]
        return any(c.id not in self.done or self.done[c.id].state != "done" for c in transfers)

    def finish(self, change: Change, state: str, detail: str = "", **more: t.Any) -> None:
        account = self.account.id if self.account else change.account
        self.done[change.id] = ChangeResult(change, state, detail, account=account, **more)

    # doing

    def _automatically(self, changes: list[Change], *, look: bool = False) -> bool:
        """Do it. ``look``: read the account whatever was seen a moment ago."""
        seen = None if look or self.tried else self.their.seen_lately(changes)
        try:
            self.account = None if self.is_new else seen or self.their.find(changes)
        except AppError as error:
            # an app that cannot be read is not written to
            for change in changes:
                if change.id not in self.done:
                    self.finish(change, "deferred", str(error))
            return False
        for position, change in enumerate(changes):
            if change.id in self.done:
                continue
            if change.kind not in UNREADABLE and shows(change, self.account):
                if change.id in self.given_with_account:
                    self.finish(change, "done")
                    self.waiting.append(change)
                else:
                    self.finish(change, "already")
                continue
            if self.account is None and change.kind is not ChangeKind.CREATE:
                if change.kind in REMOVALS or change.kind in UNREADABLE:
                    self.finish(change, "already", "the account is not there")
                else:
                    self.finish(change, "blocked", "there is no account to do this on")
                continue
            if change.kind is ChangeKind.DELETE and self._not_handed_over():
                # what they own would go with the account; once it is handed over, the next run deletes
                continue
            try:
                attempts = self._perform(change, changes, as_seen=seen is not None)
            except (Broken, Throttled, Transient) as error:
                # an answer that makes no sense is no refusal: whether it was done is for the next run to find out
                cut = any(c.kind in (ChangeKind.SUSPEND, ChangeKind.DELETE) for c in changes[position + 1 :])
                if change.kind in UNREADABLE and cut:
                    # nobody keeps an account because their sessions cannot be ended, or their things handed over, now
                    self.finish(change, "deferred", str(error))
                    continue
                # what the app may have done all the same is found by the next run, which reads first
                for rest in changes[position:]:
                    if rest.id not in self.done:
                        self.finish(rest, "deferred", str(error))
                break
            except AppError as error:
                if seen is not None and (isinstance(error, NotFound) or change.kind is ChangeKind.SUSPEND):
                    # it has gone since it was seen, or been cut off by somebody else, perhaps
                    return self._automatically(changes, look=True)
                self.finish(change, "failed", str(error))
                continue
            self.finish(change, "done", attempts=attempts)
            if change.kind not in UNREADABLE:
                self.waiting.append(change)
        return True

    def _settle_what_was_passed_over(self) -> None:
        """Say how it ended what could not be done before the account was cut off, and which no run does again."""
        good = {r.change.kind for r in self.done.values() if r.state in ("done", "already", "verified")}
        to_be_deleted = any(change.kind is ChangeKind.DELETE for change in self.changes)
        for result in list(self.done.values()):
            if result.change.kind not in UNREADABLE or result.state != "deferred":
                continue
            if result.change.kind is ChangeKind.TRANSFER and to_be_deleted:
                continue  # the next run hands over before it deletes
            if ChangeKind.DELETE in good:
                self.finish(result.change, "already", "the account is not there any more")
            elif ChangeKind.SUSPEND in good:
                self.finish(result.change, "failed", result.detail)

    def _perform(self, change: Change, changes: list[Change], *, as_seen: bool = False) -> int:
        account, kind = self.account, change.kind
        if kind is ChangeKind.CREATE:
            return self._create(change, changes)
        if account is None:
            raise AssertionError(f"{change} needs an account")
        arguments: tuple[t.Any, ...] = ()
        if kind in (ChangeKind.GRANT, ChangeKind.REVOKE):
            arguments = (self.app.entitlements[change.entitlement],)
        elif kind is ChangeKind.UPDATE:
            arguments = ({name: new for name, (_old, new) in change.details.items()},)
        elif kind is ChangeKind.TRANSFER:
            arguments = (self.their.heir(change),)
        # the operations are optional, so the contract's base has none of them; ``can`` has said that this one is there
        operation = getattr(self.connector, kind.value)
        if as_seen and kind is ChangeKind.SUSPEND:
            # once only: what follows an answer that was lost has to look first
            at_once = getattr(self.connector, "suspend_as_seen", operation)
            ways = itertools.chain([at_once], itertools.repeat(operation))
            return self.their.tried_patiently(lambda: next(ways)(account))[1]
        return self.their.tried_patiently(lambda: operation(account, *arguments))[1]

    def _create(self, change: Change, changes: list[Change]) -> int:
        grants = [c for c in changes if c.kind is ChangeKind.GRANT and c.entitlement in self.app.entitlements]
        wanted = [self.app.entitlements[grant.entitlement] for grant in grants]
        new, unanswered = NewAccount(**change.details), change.id in self.tried
        making = Making(self.their, new, wanted, unanswered=unanswered, is_new=self.is_new)
        self.account, attempts = self.their.tried_patiently(making.make)
        self.given_with_account = {grant.id for grant in grants}
        return attempts

    # proving

    def compare(self, found: Account | None, *, gone: bool = False) -> None:
        """Take in what the app shows; ``gone`` when it has said twice that the account is not there."""
        for change in list(self.waiting):
            if found is None and change.kind is not ChangeKind.DELETE and not gone:
                continue  # an account that is gone cannot be used; but that it is gone has to be said twice
            if shows(change, found):
                self.finish(change, "verified", attempts=self.done[change.id].attempts)
                self.waiting.remove(change)
        if found is not None or not self.waiting:
            # also where not everything shows: the evidence is what the app shows, not what was there before
            self.account = found

    def read_back(self) -> None:
        """See whether the app shows what was done, patiently."""
        if not self.waiting or not self.connector.finds:
            return
        pause = self.runner.budget.verify_wait
        missed = False
        for attempt in range(self.runner.budget.verify_attempts):
            if attempt:
                self.runner.sleep(pause)
                pause *= 2
            key = AccountKey(id=self.account.id) if self.account else AccountKey(external_id=self.person.id)
            try:
                found = self.connector.find(key)
            except (Throttled, Transient):
                continue
            except AppError as error:
                for change in self.waiting:
                    self.finish(change, "unverified", f"done, but it could not be read back: {error}")
                return
            self.compare(found, gone=missed)
            missed = found is None
            if not self.waiting:
                return
        for change in self.waiting:
            self.finish(change, "unverified", "the app accepted it, but reading it back does not show it")
