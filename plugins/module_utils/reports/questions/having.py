# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has, or had, what on a day; why; and who approved it."""

from __future__ import annotations

import typing as t

from ...counted import counted
from ...ledger.looking_back import PastGrant
from ..evidence.case import reasons_text
from .asked import Asked
from .at_hand import ACCOUNTS, GRANTS, AtHand
from .question import Answer, Row, answer, in_words

_CATALOG = "Which entitlements are privileged is as the catalog has it now"


def _by_person(hand: AtHand) -> t.Callable[[PastGrant], tuple[str, ...]]:
    return lambda grant: (grant.app, hand.name(grant.person), grant.person, grant.entitlement, grant.account)


def administrators(hand: AtHand, asked: Asked) -> Answer:
    pairs = {pair for pair in hand.privileged if not asked.app or pair[0] == asked.app}
    found = hand.grants_on(asked.day, past=asked.past, app=asked.app or None, pairs=pairs) if pairs else []
    found.sort(key=_by_person(hand))
    rows = [
        (
            one.person,
            hand.name(one.person),
            one.app,
            one.entitlement,
            one.account,
            one.since,
            one.source,
            in_words(one.because),
        )
        for one in found
    ]
    people = counted(len({one.person for one in found}), "person has", "people have")
    where = f" in {asked.app}" if asked.app else ""
    return answer(
        "person_id person app entitlement account since source why",
        rows,
        f"{people} administrator rights{where} {asked.on}",
        "" if pairs else f"The catalog calls nothing privileged{where}",
        _CATALOG,
    )


def accounts(hand: AtHand, asked: Asked) -> Answer:
    ends = asked.day.ends
    there = [one for one in hand.accounts_of_app(asked.app, ends).accounts if one.state_at(ends) != "gone"]
    rows: list[Row] = [
        (
            one.id,
            one.text("username"),
            one.text("email"),
            one.person,
            hand.name(one.person),
            one.state_at(ends),
            one.text("source"),
            one.text("matched_by"),
            one.first_seen,
        )
        for one in there
    ]
    rows.sort(key=lambda row: (row[1], row[0]))
    usable = sum(1 for row in rows if row[5] == "active")
    return answer(
        "account username email person_id person state source known_by first_seen",
        rows,
        f"{counted(len(rows), 'account')} in {asked.app} {asked.on}, {usable:,} of them usable",
    )


def holders(hand: AtHand, asked: Asked) -> Answer:
    found = hand.grants_on(asked.day, past=asked.past, app=asked.app, pairs={(asked.app, asked.entitlement)})
    found.sort(key=_by_person(hand))
    rows = [
        (one.person, hand.name(one.person), one.account, one.since, one.source, in_words(one.because)) for one in found
    ]
    return answer(
        "person_id person account since source why",
        rows,
        f"{counted(len(rows), 'person has', 'people have')} {asked.entitlement} of {asked.app} {asked.on}",
    )


def access(hand: AtHand, asked: Asked) -> Answer:
    ends = asked.day.ends
    told = hand.history({asked.person}, (*ACCOUNTS, *GRANTS), ends).access
    mine = {
        (one.app, one.id): one
        for one in told.accounts
        if one.person_at(ends) == asked.person and one.state_at(ends) != "gone"
    }
    rows: list[Row] = []
    for grant in told.grants:
        if grant.until is None:
            account = mine.get((grant.app, grant.account))
            state = account.state_at(ends) if account else ""
            privileged = hand.is_privileged(grant.app, grant.entitlement)
            why = reasons_text(grant.because)
            rows.append(
                (grant.app, grant.account, state, grant.entitlement, privileged, grant.since, grant.source, why)
            )
    with_grants = {(row[0], row[1]) for row in rows}
    for key, account in mine.items():
        if key not in with_grants:
            rows.append((*key, account.state_at(ends), "", None, account.first_seen, account.text("source"), ""))
    rows.sort(key=lambda row: (row[0], row[1], row[3]))
    apps = counted(len({row[0] for row in rows}), "app")
    things = counted(sum(1 for row in rows if row[3]), "entitlement")
    return answer(
        "app account state entitlement privileged since source why",
        rows,
        f"{hand.name(asked.person)} has {things} in {apps} {asked.on}",
        _CATALOG,
    )


def why(hand: AtHand, asked: Asked) -> Answer:
    found = hand.grants_on(asked.day, past=asked.past, app=asked.app or None, people={asked.person})
    found = [one for one in found if asked.entitlement in ("", one.entitlement)]
    rows: list[Row] = []
    for grant in sorted(found, key=lambda one: (one.app, one.entitlement, one.account)):
        for reason in grant.because or (None,):
            data = reason.to_dict() if reason else {"kind": "unexplained"}
            known = hand.ruling(data["kind"], data.get("id", ""))
            rows.append(
                (
                    grant.app,
                    grant.entitlement,
                    grant.since,
                    data["kind"],
                    data.get("id", ""),
                    data.get("text") or (known.reason if known else ""),
                    f"{data.get('policy', '')} {data.get('commit', '')[:12]}".strip(),
                    known.requested_by if known else "",
                    hand.approvers(data),
                )
            )
    things = counted(len({(one.app, one.entitlement) for one in found}), "thing")
    where = f" in {asked.app}" if asked.app else ""
    return answer(
        "app entitlement since given_by id says policy requested_by approved_by",
        rows,
        f"{hand.name(asked.person)} has {things}{where} {asked.on}, for {counted(len(rows), 'reason')}",
    )


def approvals(hand: AtHand, asked: Asked) -> Answer:
    found = hand.grants_on(asked.day, past=asked.past, app=asked.app or None, people={asked.person})
    intended = hand.ledger.plain_rows("changes", person=asked.person, kind="grant")
    plans = {(row["app"], row["entitlement"]): row["plan"] for row in sorted(intended, key=lambda row: row["number"])}
    commits = {one.id: one for one in _commits(hand)}
    rows: list[Row] = []
    for grant in sorted(found, key=lambda one: (one.app, one.entitlement, one.account)):
        if asked.entitlement not in ("", grant.entitlement):
            continue
        ways: list[tuple[str, tuple[str, ...]]] = []
        for reason in grant.because:
            if reason.kind == "rule":
                commit = commits.get(reason.commit.removesuffix("-dirty"))
                taken_in = f", taken in {commit.committed:%Y-%m-%d} by {commit.committer}" if commit else ""
                version = f"policy {reason.policy}" + (f" at {reason.commit[:12]}" if reason.commit else "")
                ways.append((f"rule {reason.id}: {version}{taken_in}", (commit.committer,) if commit else ()))
            else:
                ways.append((f"{reason.kind} {reason.id}".strip(), hand.approvers(reason)))
        plan = plans.get((grant.app, grant.entitlement), "")
        if plan in hand.approvals:
            by = tuple(one for one, _at in hand.approvals[plan])
            ways.append((f"plan {plan[:12]}, which the guard had stopped", by))
        what = (grant.app, grant.entitlement, hand.is_privileged(grant.app, grant.entitlement), grant.since)
        rows += [(*what, *way) for way in ways or [("nothing gave it", ())]]
    named = sum(1 for row in rows if row[5])
    return answer(
        "app entitlement privileged since by_way_of approved_by",
        rows,
        f"{hand.name(asked.person)}: {counted(len(rows), 'approval')}, {named:,} of them with a name",
        "A rule gives to everybody alike: who approved it is who took its commit in, and who reviewed that is in the "
        "system that the repository lies in",
    )


def _commits(hand: AtHand) -> t.Sequence[t.Any]:
    began = hand.began or hand.now
    return hand.commits(began.replace(year=began.year - 10), hand.now) or ()
