# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One packet while it is carried out: read, do what is still to do, read again.

What it does is in the app. The ledger is written to before by its runner, and after by ``conclude``.
"""

from __future__ import annotations

import datetime as dt
import typing as t

from ..clock import WorkingDay
from ..connectors.contract import Connector
from ..errors import AppError, Broken, Conflict, NotFound, Refused, Throttled, Transient, Unsupported
from ..ledger.records import ChangeResult
from ..model import REMOVALS, Account, AccountKey, Change, ChangeKind, Finding, NewAccount, Person, Run
from ..planning.owners import Owners
from .asking_again import find_patiently
from .handing_over import open_tasks
from .packets import Packet
from .recording import Evidence, evidence_of
from .retrying import Budget, with_retries
from .seen import MAY_BE_REPEATED, Seen
from .showing import UNREADABLE, shows


class Circumstances(t.Protocol):
    """What all attempts of a run share; see ``PacketRunner``."""

    ledger: t.Any
    run: Run
    now: t.Callable[[], dt.datetime]
    people: t.Mapping[str, Person]
    budget: Budget
    fallback_owner: str
    owners: Owners | None
    working_day: WorkingDay
    sleep: t.Callable[[float], None]
    findings: list[Finding]
    seen: Seen


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
        seen = None if look else self._seen_lately(changes)
        try:
            self.account = None if self.is_new else seen or self._find(changes)
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
                attempts = self._perform(change, changes)
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
                if seen is not None and isinstance(error, NotFound):
                    # it has gone since it was seen, perhaps
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

    def _find(self, changes: list[Change]) -> Account | None:
        known = next((change.account for change in changes if change.account), "")
        person = self.person
        if not self.connector.finds:
            return self._remembered(person, known)
        key = AccountKey(id=known) if known else AccountKey(external_id=person.id, email=person.email)
        account: Account | None = self._tried(lambda: self.connector.find(key))[0]
        if account is None and known:
            # the plan saw it: that it is gone is believed when several looks say so
            return self._find_patiently(key)
        if account is not None and not known:
            self._check_owner(account)
        return account

    def _seen_lately(self, changes: list[Change]) -> Account | None:
        """Return the account as it was seen a moment ago, where that is enough for what is to be done."""
        known = next((change.account for change in changes if change.account), "")
        if self.tried or not known or not self.connector.finds:
            return None
        if not all(change.kind in MAY_BE_REPEATED for change in changes):
            return None
        return self.runner.seen.lately(self.app.key, known)

    def _find_patiently(self, key: AccountKey) -> Account | None:
        return find_patiently(self.connector, key, self.runner.budget, sleep=self.runner.sleep)

    def _remembered(self, person: Person, known: str = "") -> Account | None:
        """Return a person's account in an app that cannot be read: the one that was made or attested."""
        records = self.runner.ledger.accounts(app=self.app.key, person=person.id)
        accounts = [record.account for record in records if known in ("", record.account.id)]
        return accounts[0] if len(accounts) == 1 else None

    def _check_owner(self, account: Account, owner: Person | None = None) -> None:
        """Raise Conflict where an account, found by address or name since the plan was made, is somebody else's."""
        person, id, email = owner or self.person, account.external_id, account.email
        if id == person.id:
            return
        other_address = not id and email and person.email and email.casefold() != person.email.casefold()
        if id in self.runner.people or other_address:
            raise Conflict(
                f"the account {account.id} has the name or the address of {person.username}, and is somebody else's",
                where=f"app {self.app.key}",
                todo="Find out whose account that is; link it to the person, or give the person another name",
            )

    def _perform(self, change: Change, changes: list[Change]) -> int:
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
            arguments = (self._heir(change),)
        # the operations are optional, so the contract's base has none of them; ``can`` has said that this one is there
        operation = getattr(self.connector, kind.value)
        return self._tried_patiently(lambda: operation(account, *arguments))[1]

    def _create(self, change: Change, changes: list[Change]) -> int:
        grants = [c for c in changes if c.kind is ChangeKind.GRANT and c.entitlement in self.app.entitlements]
        wanted = [self.app.entitlements[grant.entitlement] for grant in grants]
        new = NewAccount(**change.details)
        create = getattr(self.connector, ChangeKind.CREATE.value)
        # nobody has HR's id or the address: that was asked a moment ago
        key = AccountKey(username=new.username)
        theirs = AccountKey(external_id=new.external_id, email=new.email, username=new.username)
        unanswered = change.id in self.tried
        if unanswered:
            key = theirs
        is_new = self.is_new

        def call() -> Account:
            nonlocal key, unanswered, is_new
            found, asked = None, not is_new
            if self.connector.finds and not is_new:
                # after a lost answer, of this run or of an earlier one, it may be there: look, and make no second
                found = self._find_patiently(key) if unanswered else self.connector.find(key)
            if found is not None:
                self._check_owner(found)
                return found
            key, is_new = theirs, False
            try:
                return create(new, wanted)
            except (Throttled, Transient) as error:
                # "too many requests" says that nothing was done, unless it came after the account was made
                unanswered = unanswered or bool(error.details.get("sent", isinstance(error, Transient)))
                raise
            except NotFound:
                unanswered = True  # it may be the new account that is not known everywhere yet
                raise
            except (Conflict, Refused, Unsupported) as error:
                # made, and something of what it was to be given is refused: each is asked for by itself then
                made = bool(error.details.get("sent"))
                taken = isinstance(error, Conflict)
                found = None
                if self.connector.finds and (made or (taken and unanswered)):
                    # what has the name may be what was made a moment ago, when the answer was lost
                    found = self._find_patiently(theirs)
                if taken and not asked and found is None:
                    # or by somebody else, since the list was read
                    found = self.connector.find(AccountKey(username=new.username))
                if found is None:
                    raise
                self._check_owner(found)
                return found

        self.account, attempts = self._tried_patiently(call)
        self.given_with_account = {grant.id for grant in grants}
        return attempts

    def _tried(self, call: t.Callable[[], t.Any]) -> tuple[t.Any, int]:
        return with_retries(call, self.runner.budget, sleep=self.runner.sleep)

    def _tried_patiently(self, call: t.Callable[[], t.Any]) -> tuple[t.Any, int]:
        """Try what names things that were there when they were read: not every copy may have heard of them yet."""
        pause = self.runner.budget.verify_wait
        for _each in range(self.runner.budget.verify_attempts - 1):
            try:
                return self._tried(call)
            except NotFound:
                self.runner.sleep(pause)
                pause *= 2
        return self._tried(call)

    def _heir(self, change: Change) -> Account:
        heir = self.runner.people.get(change.details.get("to", self.person.manager))
        account = None
        if heir and self.connector.finds:
            known = self._remembered(heir)
            key = AccountKey(id=known.id if known else "", external_id=heir.id, email=heir.email)
            account = self._find_patiently(key) if known else self.connector.find(key)
        elif heir:
            account = self._remembered(heir)
        if account is None:
            raise Unsupported(
                "there is no account to hand over to",
                where=f"app {self.app.key}, transfer from {self.person.username}",
            )
        self._check_owner(account, heir)
        return account

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
