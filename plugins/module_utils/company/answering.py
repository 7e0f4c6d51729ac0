# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answering an auditor's question: the ledger, read only, and of git what the question needs. HR is not asked."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import typing as t

from ..errors import LedgerError
from ..ledger.engines import database_of
from ..ledger.looking_at_evidence import look_at_evidence
from ..model import AccessException
from ..policy.commit import Commit, commits_between
from ..policy.loading import load_policy
from ..policy.organisation import Organisation
from ..policy.values import Policy
from ..reports.questions.asked import Given, asked_of
from ..reports.questions.at_hand import AtHand
from ..reports.questions.question import Answer
from ..reports.questions.registry import LIST, listed, question_of
from ..sources.glancing import without_collecting
from .company import Company

_REHEARSAL = "This is the ledger of a rehearsal: it proves nothing about real accounts"


def answer_of(company: Company, question: str, given: Given) -> Answer:
    """Return the answer to a question; ``list`` and the empty text name all that there are.

    Raises QuestionError or UnknownName for a question that there is none of and for what cannot be asked, LedgerError
    where there is no ledger, and PolicyError where catalog or policy are needed and wrong.
    """
    if question in ("", LIST):
        return listed()
    found = question_of(question)
    path = database_of(company.settings.ledger).path
    if path is not None and not path.exists():
        raise LedgerError("there is no ledger to answer from", where=str(path), todo="Run discover or reconcile first")
    hand = _at_hand(company)
    # hundreds of thousands of small values, and no garbage among them
    with without_collecting():
        answer = found.work(hand, asked_of(found, given, hand))
    return dataclasses.replace(answer, notes=(_REHEARSAL, *answer.notes)) if company.ledger.rehearsal else answer


def _at_hand(company: Company) -> AtHand:
    settings = company.settings

    @functools.cache
    def policy() -> Policy:
        # which further columns HR has is not known here, so rules that read them are not held against it
        return load_policy(settings.policy, catalog=company.catalog, known_attributes=None, commit="")

    def exceptions() -> tuple[AccessException, ...]:
        # those of the ledger are read there: ended ones, too
        return tuple(one for one in company.written[0] if one.origin is not None)

    @functools.cache
    def organisation() -> Organisation:
        return Organisation({id: record.person for id, record in company.ledger.people().items()})

    def commits(begins: dt.datetime, ends: dt.datetime) -> t.Sequence[Commit] | None:
        places = (settings.catalog, settings.policy, settings.exceptions, settings.locks)
        return commits_between(settings.policy, places, begins, ends)

    return AtHand(
        ledger=company.ledger,
        now=company.clock.now(),
        working_day=settings.working_day,
        apps=company.apps,
        policy=policy,
        exceptions=exceptions,
        covers=lambda: company.written[1],
        organisation=organisation,
        reads=company.reads,
        operations=company.operations,
        commits=commits,
        checked=lambda: look_at_evidence(company.ledger),
        company=settings.company,
    )
