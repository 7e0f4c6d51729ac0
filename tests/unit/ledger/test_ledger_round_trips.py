# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes out of the ledger equals what went in, whatever HR, an app or a person put into it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import math

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerError
from ansible_collections.rollcall.access.plugins.module_utils.ledger import ChangeResult, Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.encoding import canonical, pack, unpack
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    PERSON_FIELDS,
    AccessException,
    Account,
    AccountRecord,
    Because,
    Change,
    ChangeKind,
    Finding,
    GrantRecord,
    HandedOver,
    Lock,
    Person,
    PersonRecord,
    Plan,
    Review,
    ReviewItem,
    Run,
    StageDecision,
    Task,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOW = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
RUN = Run("run-1", "reconcile", "alex", NOW)
serial = itertools.count()

quick = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "{{ lookup('pipe', 'id') }}", "=cmd|' /C calc'!A0", "<script>", "'; DROP TABLE grants; --", "\x00", "Zoë"]
)
names = texts.filter(bool)
moments = st.datetimes(
    dt.datetime(1950, 1, 1), dt.datetime(2150, 1, 1), timezones=st.just(dt.timezone(dt.timedelta(hours=5, minutes=30)))
)
earlier = st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2026, 3, 1), timezones=st.just(dt.UTC))
maybe = st.none() | moments
plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | texts
    | st.dates()
    | moments
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
)
ordered = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(texts, inner, max_size=2)
        | st.dictionaries(st.integers(), inner, max_size=2)
        | st.dictionaries(st.sampled_from(["$date", "$set", "$"]), inner, max_size=2)
    ),
    max_leaves=4,
)
values = ordered | st.frozensets(st.integers() | texts, max_size=3)
# a change's id is made of its details' text, which a set does not have the same in every process
details = st.dictionaries(texts, ordered, max_size=2)
reasons = st.lists(st.builds(Because, names, texts, texts, texts, texts), max_size=2).map(tuple)
changes = st.builds(
    Change, st.sampled_from(ChangeKind), texts, texts, texts, texts, reasons, texts, st.lists(texts).map(tuple), details
)
findings = st.builds(Finding, texts, texts, texts, texts, texts, texts, texts, texts)


person_texts = dict.fromkeys(sorted(PERSON_FIELDS - {"start", "end", "earlier_emails"}), texts)
person_texts["id"] = names


@pytest.fixture(scope="module")
def ledger():
    with Ledger.open("sqlite://") as opened:
        opened.begin_run(RUN)
        yield opened
        assert verify_ledger(opened).problems == ()


def unique(text: str) -> str:
    return f"{text} {next(serial)}"


@quick
@given(values)
def test_what_is_packed_is_unpacked_equal(value):
    packed = pack(value)
    assert unpack(packed) == value
    assert type(unpack(packed)) is type(value)
    assert canonical(packed)


def test_numbers_that_json_does_not_have_are_kept():
    assert unpack(pack(math.inf)) == math.inf
    assert math.isnan(unpack(pack(math.nan)))


def test_an_object_is_refused():
    with pytest.raises(LedgerError, match="type object cannot be recorded"):
        pack({"a": object()})


@quick
@given(
    st.builds(
        PersonRecord,
        st.builds(
            Person,
            **person_texts,
            start=st.none() | st.dates(),
            end=st.none() | st.dates(),
            earlier_emails=st.lists(texts, max_size=2).map(tuple),
            attributes=st.dictionaries(texts, values, max_size=3),
        ),
        st.sampled_from(["present", "suspended", "left"]),
        st.booleans(),
        moments,
        maybe,
    )
)
def test_people_come_back(ledger, record):
    record = dataclasses.replace(record, person=dataclasses.replace(record.person, id=unique(record.person.id)))
    ledger.record_people([record], RUN, NOW)
    assert ledger.people()[record.person.id] == record


@quick
@given(
    st.builds(
        AccountRecord,
        st.builds(
            Account,
            *([texts] * 8),
            st.sampled_from(["active", "invited", "suspended"]),
            st.frozensets(texts, max_size=3),
            st.frozensets(texts, max_size=3),
            maybe,
            maybe,
        ),
        texts,
        texts,
        texts,
        moments,
        maybe,
        moments,
    )
)
def test_accounts_come_back(ledger, record):
    record = dataclasses.replace(record, account=dataclasses.replace(record.account, id=unique(record.account.id)))
    ledger.record_accounts([record], RUN, NOW)
    found = ledger.accounts(app=record.account.app, person=record.person)
    assert [r for r in found if r.account.id == record.account.id] == [record]


@quick
@given(st.builds(GrantRecord, texts, texts, texts, texts, reasons, moments, texts, maybe))
def test_grants_come_back(ledger, record):
    record = dataclasses.replace(record, person=unique(record.person))
    ledger.record_grants([record], RUN, NOW)
    assert ledger.grants(app=record.app, person=record.person) == [record]


@quick
@given(
    st.builds(GrantRecord, texts, texts, texts, texts, reasons, moments, texts, maybe), st.builds(Because, names, texts)
)
def test_ended_grants_keep_everything(ledger, record, why):
    record = dataclasses.replace(record, person=unique(record.person))
    ledger.record_grants([record], RUN, NOW)
    ledger.end_grants([(record.person, record.app, record.account, record.entitlement)], why, RUN, NOW)
    (ended,) = ledger.grant_history(person=record.person)
    assert (ended.pop("until"), ended.pop("ended_because")) == (NOW, why)
    assert GrantRecord(**ended) == record
    assert ledger.grants(person=record.person) == []


@quick
@given(
    st.builds(
        Plan,
        st.lists(changes, max_size=3).map(tuple),
        st.lists(changes, max_size=1).map(tuple),
        st.lists(findings, max_size=2).map(tuple),
        st.lists(findings, max_size=2).map(tuple),
        texts,
        texts,
        maybe,
        details,
    )
)
def test_plans_come_back_with_the_same_hash(ledger, plan):
    plan = dataclasses.replace(plan, policy=unique(plan.policy))
    ledger.save_plan(plan, RUN, NOW)
    assert ledger.plan(plan.hash) == plan
    assert ledger.plan(plan.hash).hash == plan.hash


@quick
@given(changes)
def test_changes_come_back_with_the_same_id(ledger, change):
    change = dataclasses.replace(change, person=unique(change.person))
    ledger.intend([change], RUN, NOW, "plan")
    assert next(c for c in ledger.unsettled() if c.change == change).change.id == change.id
    ledger.settle([ChangeResult(change, "failed", "no", attempts=3)], RUN, NOW)
    (row,) = ledger.changes(person=change.person)
    assert (row.change, row.change.id, row.state, row.detail, row.attempts) == (change, change.id, "failed", "no", 3)


@quick
@given(
    st.builds(
        Task,
        names,
        texts,
        texts,
        st.lists(changes, max_size=2).map(tuple),
        texts,
        texts,
        texts,
        moments,
        moments,
        texts,
        st.sampled_from(["open", "attested", "declined"]),
        *([texts] * 3),
        maybe,
        *([texts] * 3),
    )
)
def test_tasks_come_back(ledger, task):
    task = dataclasses.replace(task, id=unique(task.id), person=unique(task.person))
    assert ledger.open_task(task, RUN, NOW) == task
    assert ledger.task(task.id) == task
    assert ledger.tasks(person=task.person, states=[task.state]) == [task]


@quick
@given(texts, texts, names, earlier, st.none() | st.just(NOW + dt.timedelta(days=1)))
def test_locks_come_back(ledger, person, reason, by, since, until):
    lock = Lock(unique(person), reason, by, since, until)
    assert ledger.add_lock(lock, RUN, NOW)
    assert [found for found in ledger.locks(NOW) if found.person == lock.person] == [lock]


@quick
@given(
    st.builds(
        AccessException,
        texts,
        texts,
        st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
        texts,
        texts,
        texts,
        st.dates(),
        st.dates(),
    )
)
def test_exceptions_come_back(ledger, exception):
    exception = dataclasses.replace(exception, id=unique(exception.id))
    assert ledger.add_exception(exception, RUN, NOW)
    assert [found for found in ledger.exceptions() if found.id == exception.id] == [exception]


items = st.builds(
    ReviewItem,
    texts,
    st.just(""),
    *([texts] * 5),
    reasons,
    maybe,
    maybe,
    st.booleans(),
    *([texts] * 3),
    maybe,
    texts,
    st.booleans(),
    texts,
    maybe,
    st.integers(0, 3),
    st.lists(st.builds(StageDecision, st.integers(0, 3), *([texts] * 3), maybe, *([texts] * 2), st.booleans())).map(
        tuple
    ),
    st.lists(st.builds(HandedOver, *([texts] * 3), moments, *([texts] * 2)), max_size=2).map(tuple),
    *([texts] * 7),
)


@quick
@given(
    st.builds(
        Review,
        texts,
        texts,
        details,
        texts,
        moments,
        moments,
        texts,
        texts,
        texts,
        maybe,
        texts,
        st.lists(items, max_size=3, unique_by=lambda item: item.id).map(tuple),
        st.lists(texts, max_size=3).map(tuple),
        st.lists(moments, max_size=3).map(tuple),
        texts,
        maybe,
    )
)
def test_reviews_come_back_with_their_items_in_order(ledger, review):
    id = unique(review.id)
    these = tuple(dataclasses.replace(item, campaign=id) for item in review.items)
    review = dataclasses.replace(review, id=id, items=these)
    ledger.save_review(review, "review.opened", RUN, NOW)
    assert ledger.review(id) == review
    assert review in ledger.reviews()


@quick
@given(
    texts,
    texts,
    st.dictionaries(texts.filter(lambda text: text != "proof"), texts | st.integers() | st.none(), max_size=3),
)
def test_events_come_back(ledger, person, app, data):
    event = ledger.append("x.happened", RUN, NOW, person=person, app=app, data=data)
    assert list(ledger.events(after=event.seq - 1)) == [event]
    assert event.data == data
