# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every source of people over HTTP, against its fake behind a proxy that breaks things.

To put another source in, add a case below ``sources/``; the tests know nothing of any vendor.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.clock import WorkingDay
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    FeedError,
    RollcallError,
    SettingsError,
    SourceUnreachable,
)
from ansible_collections.rollcall.access.plugins.module_utils.model import Status
from ansible_collections.rollcall.access.plugins.module_utils.planning.lifecycle import standing_today
from ansible_collections.rollcall.access.plugins.module_utils.sources.people import Feed, read_people
from ansible_collections.rollcall.access.tests.conformance.fault_proxy import FaultProxy
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.sources.case import SourceCase
from ansible_collections.rollcall.access.tests.conformance.sources.cases import CASES
from ansible_collections.rollcall.access.tests.conformance.sources.staff import STAFF, HrFake, Worker

_ORDER = ("active", "leave", "future", "terminated")


@dataclasses.dataclass
class Bench:
    """One source, its fake, and the proxy between them."""

    case: SourceCase
    fake: HrFake
    proxy: FaultProxy
    files: pathlib.Path

    def settings(self, **more: t.Any) -> dict[str, t.Any]:
        settings = self.case.settings(self.proxy.port, self.files)
        columns = {**settings.get("columns", {}), **more.pop("columns", {})}
        return {**settings, "read_timeout": 5, **({"columns": columns} if columns else {}), **more}

    def read(self, **more: t.Any) -> Feed:
        return read_people([self.settings(**more)], self.files)

    def fails(self, **more: t.Any) -> RollcallError:
        """Return the error with which reading ends; it is short of nothing that is tested of every error."""
        with pytest.raises(RollcallError) as caught:
            self.read(read_budget=0.05, **more)
        error = caught.value
        told = f"{error!s} {error.details!r} {error.__cause__!s} {getattr(error.__cause__, 'details', '')!r}"
        assert CANARY not in told
        assert self.case.word in str(error)
        return error

    def arm(self, kind: str, **details: t.Any) -> None:
        method, path = self.case.reads
        self.proxy.arm(kind, method=method, path=path, **details)


def _benches(case: SourceCase, tmp_path: pathlib.Path) -> t.Iterator[Bench]:
    with case.serving() as fake, FaultProxy(("127.0.0.1", fake.port)) as proxy:
        yield Bench(case, fake, proxy, tmp_path)
        assert fake.problems == []


def _fixture(wanted: t.Callable[[SourceCase], object] = lambda case: True) -> t.Any:
    """Return a fixture that goes through the cases that ``wanted`` leaves."""

    def fixture(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> t.Iterator[Bench]:
        yield from _benches(request.param, tmp_path)

    cases = [case for case in CASES if wanted(case)]
    return pytest.fixture(params=cases, ids=lambda case: case.word)(fixture)


bench = _fixture()
paged = _fixture(lambda case: case.paged)
counted = _fixture(lambda case: case.total)
with_permissions = _fixture(lambda case: case.hidden)
with_dates = _fixture(lambda case: "start" not in case.lacks)


def _said(case: SourceCase, one: Worker) -> dict[str, t.Any]:
    said: dict[str, t.Any] = {
        "id": one.id,
        "email": one.email,
        "given_name": one.given,
        "family_name": one.family,
        "name": f"{one.given} {one.family}",
        "title": one.title,
        "department": one.department,
        "location": one.location,
        "manager": one.manager,
        "start": dt.date.fromisoformat(one.start),
        "end": dt.date.fromisoformat(one.end) if one.end else None,
        "type": "contractor" if one.contractor else "employee",
        "hr_status": case.statuses[_ORDER.index(one.status)],
    }
    return {field: value for field, value in said.items() if field not in case.lacks}


def test_everybody_comes_with_every_field(bench: Bench):
    feed = bench.read()
    found = {person.id: person for person in feed.people}
    for one in STAFF:
        expected = _said(bench.case, one)
        assert {field: getattr(found[one.id], field) for field in expected} == expected
    assert set(found) == {one.id for one in STAFF}
    assert feed.findings == ()


def test_the_list_is_read_over_three_pages(paged: Bench):
    paged.read()
    method, path = paged.case.reads
    assert sum(1 for seen in paged.proxy.seen if seen[0] == method and path in seen[1]) >= 3


def test_future_hires_wait_and_leavers_leave(bench: Bench):
    now, day = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC), WorkingDay()
    standing = {
        person.id: standing_today(person, now=now, working_day=day, lead_time=dt.timedelta(days=3))
        for person in bench.read().people
    }
    future = Status.FUTURE if "start" not in bench.case.lacks else Status.ACTIVE
    assert (standing["103"], standing["104"], standing["105"]) == (future, Status.LEFT, Status.ACTIVE)


def test_what_is_not_mapped_is_left_out(bench: Bench):
    allowed = {"employment_type"}
    assert {name for person in bench.read().people for name in person.attributes} <= allowed


def test_further_columns_are_attributes_by_the_name_given(bench: Bench):
    column, value = bench.case.attribute
    first = bench.read(attributes={"further": column}).people[0]
    assert first.attributes["further"] == value


def test_columns_stand_in_for_what_is_usual(bench: Bench):
    column, value = bench.case.attribute
    first = bench.read(columns={"title": column}).people[0]
    assert (first.id, first.title) == ("101", value)


def test_a_field_that_the_company_does_not_use_is_left_out(bench: Bench):
    assert {person.title for person in bench.read(without=["title"]).people} == {""}


def test_a_column_that_nobody_has_is_told(bench: Bench):
    error = bench.fails(columns={"title": "no_such_column"})
    assert isinstance(error, FeedError | SourceUnreachable)
    assert "no_such_column" in str(error)


def test_wrong_credentials_leave_hr_unread(bench: Bench):
    secret = bench.case.secret
    wrong: t.Any = {"header": {"X-Api-Key": "wrong-canary"}} if secret == "auth" else "wrong-canary"
    error = bench.fails(**{secret: wrong})
    assert isinstance(error, SourceUnreachable)
    assert "cannot be read" in str(error)
    assert "wrong-canary" not in str(error)


def test_no_permission_at_all_leaves_hr_unread(bench: Bench):
    bench.fake.refused = True
    error = bench.fails()
    assert isinstance(error, SourceUnreachable)
    assert "(403)" in str(error)


def test_a_field_that_may_not_be_seen_is_told_with_its_permission(with_permissions: Bench):
    bench = with_permissions
    bench.fake.hidden = {bench.case.hidden}
    error = bench.fails()
    assert isinstance(error, FeedError)
    assert [word for word in bench.case.told if word not in str(error)] == []


def test_too_many_requests_are_waited_for(bench: Bench):
    bench.arm("status", status=429, headers={"Retry-After": "0"}, times=1)
    assert len(bench.read().people) == len(STAFF)


@pytest.mark.parametrize(
    ("status", "headers"), [(429, {"Retry-After": "86400"}), (500, {}), (503, {"Retry-After": "86400"})]
)
def test_an_interface_that_cannot_answer_leaves_hr_unread(bench: Bench, status: int, headers: dict[str, str]):
    bench.arm("status", status=status, headers=headers)
    error = bench.fails()
    assert isinstance(error, SourceUnreachable)
    assert str(status) in str(error)


def test_an_answer_that_breaks_off_leaves_hr_unread(bench: Bench):
    bench.arm("reset")
    assert isinstance(bench.fails(), SourceUnreachable)


def test_half_of_an_answer_is_refused(bench: Bench):
    bench.arm("invalid_json")
    assert isinstance(bench.fails(), FeedError)


def test_a_web_page_is_no_list_of_people(bench: Bench):
    bench.arm("status", status=200, headers={"Content-Type": "text/html"}, body=b"<html>Maintenance</html>")
    error = bench.fails()
    assert isinstance(error, FeedError)
    assert "text/html" in str(error)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'{"message": "hello"}'])
def test_an_answer_without_people_is_refused(bench: Bench, body: bytes):
    bench.arm("status", status=200, headers={"Content-Type": "application/json"}, body=body)
    assert isinstance(bench.fails(), FeedError)


def test_a_list_without_anybody_is_refused(bench: Bench):
    bench.fake.staff = []
    assert "nobody" in str(bench.fails())


def test_a_page_that_comes_twice_is_refused(paged: Bench):
    paged.arm("page_twice", skip=1)
    assert isinstance(paged.fails(), FeedError)


def test_people_who_are_missing_from_a_page_are_noticed(counted: Bench):
    """Where the interface says how many there are. The others end at what they say is the end."""
    counted.fake.staff = _Losing(STAFF)
    error = counted.fails()
    assert isinstance(error, FeedError)
    assert "7 entries" in str(error)


class _Losing(list[Worker]):
    """A list that says its length and keeps back its middle, when it is read in parts."""

    def __getitem__(self, part: t.Any) -> t.Any:
        found = super().__getitem__(part)
        return found[:-1] if isinstance(part, slice) and part.start else found


def test_an_error_that_quotes_the_request_shows_no_secret(bench: Bench):
    bench.arm("echo")
    assert isinstance(bench.fails(), SourceUnreachable)


def test_two_records_of_one_id_are_refused(bench: Bench):
    bench.fake.staff = [*STAFF, dataclasses.replace(STAFF[1], given="Another")]
    assert "102" in str(bench.fails())


def test_records_that_share_what_same_person_names_are_one_person(with_dates: Bench):
    """A contractor who becomes an employee under a new id: the later record continues the earlier one."""
    bench = with_dates
    first = Worker("209", "Con", "Tractor", start="2019-01-07", end="2020-12-31", contractor=True)
    bench.fake.staff = [Worker("208", "Con", "Tractor", start="2021-01-04", title="Manager"), first]
    shared = bench.case.shared or bench.case.attribute[0]
    feed = bench.read(same_person=shared, without=["manager"] if bench.case.word != "rest" else [])
    assert [(p.id, p.title, p.type, str(p.start)) for p in feed.people] == [
        ("209", "Manager", "employee", "2021-01-04")
    ]


def test_wrong_settings_are_told(bench: Bench):
    for settings, told in (
        ({"attributes": {"title": "x"}}, "`attributes: title` is a field of ours"),
        ({"attributes": ["x"]}, "`attributes` is a mapping"),
        ({"without": ["id"]}, "`without: id`"),
        ({"without": ["departmnt"]}, "`without: departmnt`"),
        ({"columns": {"titel": "x"}}, "Did you mean `title`"),
        ({"columns": {"title": "a[?"}}, "is no JMESPath"),
        ({"read_timeout": "soon"}, "`read_timeout` must be a number"),
        ({"colums": {}}, "Did you mean `columns`"),
    ):
        with pytest.raises(SettingsError) as caught:
            bench.read(**settings)
        assert told in str(caught.value)
    assert json.dumps(bench.settings())
