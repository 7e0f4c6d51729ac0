# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""rollcall.yml: what it says, what may stand in its place, and what is wrong with it."""

from __future__ import annotations

import datetime as dt
import pathlib

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.settings import Settings, config_path
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerError, SettingsError

LEAST = "plugin: rollcall.access.people\nsources: [{type: csv, path: people.csv}]\n"


def load(tmp_path: pathlib.Path, text: str, **environment: str) -> Settings:
    file = tmp_path / "rollcall.yml"
    file.write_text(text, encoding="utf-8")
    return Settings.load(file, environment)


def test_what_is_left_out_has_a_documented_default(tmp_path):
    settings = load(tmp_path, LEAST)
    assert settings.catalog == tmp_path / "access/catalog"
    assert settings.locks == tmp_path / "access/locks"
    assert settings.ledger == f"sqlite:///{tmp_path}/ledger.db"
    assert settings.username == "{first}.{last}"
    assert settings.lead_time == dt.timedelta(days=3)
    assert (settings.working_day.end, settings.working_day.timezone) == (dt.time(17), "UTC")
    assert (settings.as_of, settings.rehearsal) == (None, False)
    assert str(settings.limits.per_run) == "10%"


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("sqlite:///ledger.db", "sqlite:///{base}/ledger.db"),
        ("sqlite:///data/my.db", "sqlite:///{base}/data/my.db"),
        ("sqlite:////var/lib/rollcall.db", "sqlite:////var/lib/rollcall.db"),
        ("postgresql+psycopg://db/rollcall", "postgresql+psycopg://db/rollcall"),
    ],
)
def test_a_ledger_in_a_file_is_relative_to_rollcall_yml(tmp_path, url, made):
    expected = made.format(base=tmp_path)
    assert load(tmp_path, f"{LEAST}ledger: {url}\n").ledger == expected
    assert load(tmp_path, LEAST, ROLLCALL_LEDGER=url).ledger == expected


@pytest.mark.parametrize(
    "url", ["sqlite://ledger.db", "sqlite:ledger.db", "sqlite://", "sqlite:///", "sqlite:///:memory:"]
)
def test_a_ledger_that_would_not_be_the_file_that_was_meant_is_refused(tmp_path, url):
    with pytest.raises(SettingsError, match="names no file") as told:
        load(tmp_path, f'{LEAST}ledger: "{url}"\n')
    assert "sqlite:///ledger.db" in str(told.value)
    assert str(tmp_path / "rollcall.yml") in str(told.value)


@pytest.mark.parametrize("key", ["exceptions", "locks", "requests"])
def test_the_misspelt_name_of_a_folder_that_may_be_missing_is_refused(tmp_path, key):
    (tmp_path / "access" / key).mkdir(parents=True)
    for wrong in (f"access/{key[:-2]}s", f"acess/{key}"):
        with pytest.raises(SettingsError, match="not there") as told:
            load(tmp_path, f"{LEAST}{key}: {wrong}\n")
        assert f"Did you mean 'access/{key}'" in str(told.value)


def test_a_misspelt_folder_beside_rollcall_yml_is_refused_as_well(tmp_path):
    (tmp_path / "access" / "lokcs").mkdir(parents=True)
    with pytest.raises(SettingsError, match="Did you mean 'access/lokcs'"):
        load(tmp_path, LEAST)


def test_folders_that_may_be_missing_may_be_missing(tmp_path):
    (tmp_path / "access" / "exceptions").mkdir(parents=True)
    (tmp_path / "access" / "policy").mkdir()
    assert load(tmp_path, f"{LEAST}locks: access/locks\nrequests: hr/requests\n").locks == tmp_path / "access/locks"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-01", "2026-12-01T22:59:59+00:00"),
        ('"2026-12-01"', "2026-12-01T22:59:59+00:00"),
        ("2026-07-01", "2026-07-01T21:59:59+00:00"),
        ("2026-12-01T12:00", "2026-12-01T11:00:00+00:00"),
        ('"2026-12-01T12:00+00:00"', "2026-12-01T12:00:00+00:00"),
        ("2026-12-01 12:00:00", "2026-12-01T11:00:00+00:00"),
    ],
)
def test_as_of_is_a_day_at_its_end_or_a_moment_at_the_companys_place(tmp_path, text, moment):
    place = LEAST + "working_day: {timezone: Europe/Amsterdam}\n"
    assert load(tmp_path, f"{place}as_of: {text}\n").as_of == dt.datetime.fromisoformat(moment)
    assert load(tmp_path, place, ROLLCALL_AS_OF=text.strip('"')).as_of == dt.datetime.fromisoformat(moment)


def test_the_environment_comes_before_the_file(tmp_path):
    settings = load(tmp_path, LEAST + "as_of: 2026-01-01\nledger: sqlite:///a.db\n", ROLLCALL_LEDGER="sqlite:///b.db")
    assert settings.ledger.endswith("/b.db")
    assert settings.as_of is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["rollcall.yml"]),
        ("plugin: rollcall.access.people\n", ["rollcall.yml", "sources"]),
        (LEAST + "sourcs: []\n", ["rollcall.yml:3", "sourcs", "sources"]),
        (LEAST.replace("rollcall.access.people", "other"), ["rollcall.yml:1", "plugin"]),
        (LEAST + "lead_time: soon\n", ["rollcall.yml:3", "lead_time"]),
        (LEAST + 'working_day: {end: "25:00"}\n', ["rollcall.yml", "end", "25:00"]),
        (LEAST + "working_day: {timezone: Mars/Base}\n", ["rollcall.yml", "Mars/Base", "Europe/Amsterdam"]),
        (LEAST + "as_of: tomorrow\n", ["rollcall.yml:3", "tomorrow", "2026-01-31"]),
        (LEAST + "as_of: 2026-02-30\n", ["rollcall.yml", "2026-02-30"]),
        (LEAST + "guard: {removals: {per_run: lots}}\n", ["rollcall.yml:3", "per_run"]),
        (LEAST + "guard: {removals: {per_rum: 10%}}\n", ["rollcall.yml:3", "per_rum", "per_run"]),
        (LEAST + "guard: {feed: {people_lost: 250%}}\n", ["people_lost", "250%"]),
        (LEAST + "sources: []\n", ["rollcall.yml:3", "sources"]),
        (LEAST + "  bad: indentation: here\n", ["rollcall.yml:3"]),
    ],
    ids=lambda value: value.replace(LEAST, "") or "empty" if isinstance(value, str) else None,
)
def test_what_is_wrong_is_told_with_its_place_and_what_to_do(tmp_path, text, words):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    for word in words:
        assert word in str(caught.value)


def test_a_file_that_is_not_there_is_told_with_how_to_name_one(tmp_path):
    with pytest.raises(SettingsError, match=r"-i rollcall\.yml") as caught:
        Settings.load(tmp_path / "rollcall.yml", {})
    assert str(tmp_path) in str(caught.value)


def test_another_day_than_today_is_carried_out_only_in_a_rehearsal(tmp_path):
    settings = load(tmp_path, LEAST + "as_of: 2026-12-01\n")
    with pytest.raises(LedgerError, match="rehearsal: true") as caught:
        Company(settings, writes=True)
    assert str(settings.path) in str(caught.value)
    Company(settings).close()
    Company(load(tmp_path, LEAST + "as_of: 2026-12-01\nrehearsal: true\n"), writes=True).close()


def test_a_ledger_that_is_no_url_is_told_when_it_is_opened(tmp_path):
    with Company(load(tmp_path, LEAST + "ledger: ledger.db\n"), writes=True) as company, pytest.raises(LedgerError):
        company.ledger.people()


def test_which_rollcall_yml_is_meant(tmp_path):
    assert config_path("x/a.yml", {"ROLLCALL_CONFIG": "b.yml"}, tmp_path) == tmp_path / "x/a.yml"
    assert config_path(None, {"ROLLCALL_CONFIG": "b.yml"}, tmp_path) == tmp_path / "b.yml"
    assert config_path(None, {}, tmp_path) == tmp_path / "rollcall.yml"
    assert config_path("/etc/a.yml", {}, tmp_path) == pathlib.Path("/etc/a.yml")
