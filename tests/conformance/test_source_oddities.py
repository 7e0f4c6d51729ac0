# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is odd about single HR systems: each of these would take away, or leave, somebody's access."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import time
import typing as t

import jwt
import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import (
    FeedError,
    RollcallError,
    SettingsError,
    SourceUnreachable,
)
from ansible_collections.rollcall.access.plugins.module_utils.sources.people import Feed, read_people
from ansible_collections.rollcall.access.tests.conformance.fake import Answer, route
from ansible_collections.rollcall.access.tests.conformance.product_case import CANARY
from ansible_collections.rollcall.access.tests.conformance.sources import (
    adp,
    bamboohr,
    hibob,
    okta,
    personio,
    rippling,
    workday,
)
from ansible_collections.rollcall.access.tests.conformance.sources.case import SourceCase
from ansible_collections.rollcall.access.tests.conformance.sources.certificates import Authority
from ansible_collections.rollcall.access.tests.conformance.sources.staff import STAFF, HrFake, Worker
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

Read = t.Callable[..., Feed]


class Place(t.NamedTuple):
    fake: t.Any
    read: Read


@pytest.fixture
def place(tmp_path: pathlib.Path) -> t.Iterator[t.Callable[[SourceCase], Place]]:
    with contextlib.ExitStack() as stack:
        fakes: list[HrFake] = []

        def start(case: SourceCase) -> Place:
            fake = stack.enter_context(case.serving())
            fakes.append(fake)

            def read(**more: t.Any) -> Feed:
                return read_people([{**case.settings(fake.port, tmp_path), "read_budget": 0.05, **more}], tmp_path)

            return Place(fake, read)

        yield start
        assert [problem for fake in fakes for problem in fake.problems] == []


def _by_id(feed: Feed) -> dict[str, t.Any]:
    return {person.id: person for person in feed.people}


# ---- ADP


def test_adp_is_called_with_the_client_certificate(tmp_path):
    authority = Authority(tmp_path)
    for name in ("server", "adp"):
        authority.issue(name)
    with adp.AdpFake().serving(authority.server_context("server")) as fake:
        settings = {
            **adp.settings(fake.port, tmp_path),
            "base_url": f"https://127.0.0.1:{fake.port}",
            "token_url": f"https://127.0.0.1:{fake.port}/auth/oauth/v2/token",
            "ca_file": "ca.pem",
            "certificate": "adp.pem",
            "private_key": "adp.key",
            "read_budget": 0.05,
        }
        assert len(read_people([settings], tmp_path).people) == len(STAFF)
        stranger = Authority(_folder(tmp_path, "stranger"))
        stranger.issue("adp")
        with pytest.raises(SourceUnreachable) as caught:
            read_people([settings | {"certificate": "stranger/adp.pem", "private_key": "stranger/adp.key"}], tmp_path)
    assert CANARY not in str(caught.value)


def _folder(path: pathlib.Path, name: str) -> pathlib.Path:
    (path / name).mkdir()
    return path / name


def test_adp_needs_the_files_of_its_certificate(place):
    with pytest.raises(SettingsError, match=r"`private_key`: there is no such file. Expected it at .*none\.key"):
        place(adp.CASE).read(private_key="none.key")


def test_the_end_of_adps_list_is_a_page_without_content(place):
    adp_place = place(adp.CASE)
    adp_place.fake.staff = [*STAFF, Worker("108", "Eighth", "One"), Worker("109", "Ninth", "One")]
    assert len(adp_place.read().people) == 9  # three full pages: only the status 204 says that there is no fourth
    assert adp_place.fake.requests[-1][1].endswith("%24skip=9")


def test_who_came_back_starts_again_at_adp(place):
    class Rehired(adp.AdpFake):
        def _record(self, one: Worker) -> dict[str, t.Any]:
            record = super()._record(one)
            if one.id == "102":
                dates = {"originalHireDate": "2010-01-04", "terminationDate": "2019-03-29", "rehireDate": "2020-02-03"}
                record["workerDates"] = dates
            return record

    back = _by_id(place(dataclasses.replace(adp.CASE, fake=Rehired)).read())["102"]
    assert (str(back.start), str(back.end), back.hr_status) == ("2020-02-03", "2019-03-29", "Active")


# ---- BambooHR


def test_what_is_dated_ahead_does_not_stand_for_today_at_bamboohr(place):
    people = _by_id(place(bamboohr.CASE).read())
    assert people["102"].department == "Research & Development"  # and not next month's
    assert (people["103"].department, people["103"].manager) == ("Research & Development", "102")  # has not started
    assert str(people["105"].end) == "2098-12-31"  # was entered ahead


def test_bamboohrs_two_reports_have_to_agree(place):
    class Losing(bamboohr.BambooHrFake):
        @route("POST", "/api/v1/reports/custom")
        def report(self, request: t.Any) -> t.Any:
            status, body = super().report(request)
            if request.args["onlyCurrent"] == "false":
                body["employees"].pop()
            return status, body

    with pytest.raises(FeedError, match="the report has 7 people, and 6 when"):
        place(dataclasses.replace(bamboohr.CASE, fake=Losing)).read()


@pytest.mark.parametrize("company", ["https://acme.bamboohr.com", "acme/../other", "acme.bamboohr.com"])
def test_bamboohrs_company_is_one_word(place, company):
    with pytest.raises(SettingsError, match="`company` is the first word of the address"):
        place(bamboohr.CASE).read(company=company)


def test_a_column_with_braces_is_a_column(place):
    for case in (bamboohr.CASE, hibob.CASE):
        with pytest.raises(FeedError, match=r'nobody has "custom\.\{field\}" \(our title\)'):
            place(case).read(columns={"title": "custom.{field}"})


# ---- HiBob


def test_hibob_may_have_nobody_who_has_left(place):
    hibob_place = place(hibob.CASE)
    hibob_place.fake.staff = [one for one in STAFF if not one.end]
    assert {person.end for person in hibob_place.read().people} == {None}


def test_hibobs_fields_are_found_where_only_their_ways_are_given(place):
    """Its answers have both {"work": {"site": ...}} and {"/work/site": {"value": ...}}."""

    class Ways(hibob.HiBobFake):
        def _record(self, one: Worker, body: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
            record = super()._record(one, body)
            work = record.pop("work")
            return {**record, **{f"/work/{name}": {"value": value} for name, value in work.items()}}

    people = _by_id(place(dataclasses.replace(hibob.CASE, fake=Ways)).read())
    assert (people["102"].location, people["102"].manager, str(people["102"].start)) == ("Zürich", "101", "2020-02-03")


def test_hibobs_end_dates_are_missed_when_somebody_has_left(place):
    hibob_place = place(hibob.CASE)
    hibob_place.fake.hidden = {"internal.terminationDate"}
    with pytest.raises(FeedError, match=r'nobody has "internal.terminationDate" \(our end\)'):
        hibob_place.read()


# ---- Workday


def test_workdays_report_keeps_its_prompts(place, tmp_path):
    workday_place = place(workday.CASE)
    address = workday.CASE.settings(workday_place.fake.port, tmp_path)["report"]
    workday_place.read(report=address.replace("format=json", "Worker_Type%21WID=d588&Site={home}&format=simplexml"))
    assert "Worker_Type%21WID=d588&Site=%7Bhome%7D&format=json" in workday_place.fake.requests[-1][1]


def test_one_person_with_two_worker_ids_is_continued_at_workday(place):
    class Converted(workday.WorkdayFake):
        @route("GET", workday.PATH)
        def report(self, request: t.Any) -> t.Any:
            status, body = super().report(request)
            for row in body["Report_Entry"]:
                row["Universal_ID"] = "U7" if row["First_Name"] == "Con" else f"U{row['Employee_ID']}"
            return status, body

    workday_place = place(dataclasses.replace(workday.CASE, fake=Converted))
    employee = Worker("301", "Con", "Tractor", manager="101", start="2024-01-01", title="Account Executive")
    workday_place.fake.staff = [employee, *STAFF]
    people = _by_id(workday_place.read())
    assert "301" not in people
    assert (people["106"].title, people["106"].type) == ("Account Executive", "employee")


def test_a_column_of_several_instances_is_refused_at_workday(place):
    class Several(workday.WorkdayFake):
        @route("GET", workday.PATH)
        def report(self, request: t.Any) -> t.Any:
            status, body = super().report(request)
            body["Report_Entry"][1]["Location"] = [{"Site": "A"}, {"Site": "B"}]
            return status, body

    with pytest.raises(FeedError, match="102: the column Location has several values"):
        place(dataclasses.replace(workday.CASE, fake=Several)).read()


@pytest.mark.parametrize(
    "report", ["All_Workers", "https://wd2.example/ccx/api/v1/workers", "https:///customreport2/x"]
)
def test_workdays_report_is_an_address(place, report):
    with pytest.raises(SettingsError, match="`report` is no address of a report"):
        place(workday.CASE).read(report=report)


# ---- Personio


def test_personios_token_is_fetched_anew_when_it_is_not_accepted_any_more(place):
    class Forgetful(personio.PersonioFake):
        forgets = 1

        @route("GET", "/v1/company/employees")
        def employees(self, request: t.Any) -> t.Any:
            if request.args["offset"] == "3" and self.forgets:
                self.forgets = 0
                time.sleep(1.1)  # a token of a moment ago would be accepted next time no more than now
                raise Answer(401, {"success": False, "error": {"code": 0, "message": "expired"}})
            return super().employees(request)

    personio_place = place(dataclasses.replace(personio.CASE, fake=Forgetful))
    assert len(personio_place.read().people) == len(STAFF)
    assert [path for method, path in personio_place.fake.requests if method == "POST"] == ["/v1/auth?"] * 2


# ---- Rippling


def test_who_works_at_home_is_at_ripplings_kind_of_place(place):
    class Remote(rippling.RipplingFake):
        def _record(self, one: Worker, expanded: set[str]) -> dict[str, t.Any]:
            record = super()._record(one, expanded)
            if one.id == "102":
                record["location"] = {"type": "REMOTE", "work_location_id": None}
            return record

    people = _by_id(place(dataclasses.replace(rippling.CASE, fake=Remote)).read())
    assert (people["101"].location, people["102"].location) == ("Zürich", "REMOTE")


def test_ripplings_hidden_fields_matter_only_when_they_are_read(place):
    rippling_place = place(rippling.CASE)
    rippling_place.fake.hidden = {"date_of_birth"}
    assert len(rippling_place.read().people) == len(STAFF)
    with pytest.raises(FeedError, match="leaves out the field 'date_of_birth'"):
        rippling_place.read(attributes={"born": "date_of_birth"})


# ---- Okta


@pytest.mark.parametrize("more", [{"token": ""}, {"private_key": "x", "client_id": "y"}])
def test_okta_takes_a_token_or_a_key(place, more):
    with pytest.raises(SettingsError, match="give either `token`, or `client_id` and `private_key`"):
        place(okta.CASE).read(**more)


def test_oktas_people_come_with_a_key_too(tmp_path):
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()

    class WithKeys(okta.OktaFake):
        specifications = ()

        def authenticate(self, request: t.Any) -> None:
            if request.path == "/oauth2/v1/token":
                # https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/
                claims = jwt.decode(
                    request.form["client_assertion"], key.public_key(), ["RS256"], audience=request.base_url
                )
                assert (claims["iss"], claims["sub"], request.form["scope"]) == ("0oa1", "0oa1", "okta.users.read")
                raise Answer(200, {"access_token": "okta-token", "token_type": "Bearer", "expires_in": 3600})
            assert request.headers["Authorization"] == "Bearer okta-token"

    with WithKeys().serving() as fake:
        settings = okta.CASE.settings(fake.port, tmp_path) | {"token": "", "client_id": "0oa1", "private_key": pem}
        assert len(read_people([settings], tmp_path).people) == len(STAFF)
        with pytest.raises(RollcallError) as caught:
            read_people([settings | {"private_key": pem.replace("PRIVATE", "PUBLIC")}], tmp_path)
    assert isinstance(caught.value, SettingsError)
    assert "okta" in str(caught.value)
    assert pem.splitlines()[1] not in str(caught.value)
