# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence packs of a company that lived for some weeks: what they say, and that it can be proven without Rollcall."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import pack_folder
from ansible_collections.rollcall.access.plugins.module_utils.errors import EvidenceError, LedgerError, UnknownName
from ansible_collections.rollcall.access.plugins.module_utils.ledger.checkpoints import public_pem, sign_manifest
from ansible_collections.rollcall.access.plugins.module_utils.ledger.export import export
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.document import document_of
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.history import history_of
from ansible_collections.rollcall.access.plugins.module_utils.reports.evidence.sheets import Pack
from ansible_collections.rollcall.access.tests.unit.company import quarter
from ansible_collections.rollcall.access.tests.unit.company.place import Place, places
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

VERIFIER = pathlib.Path(__file__).parents[3] / "extensions/verifier/rollcall_verify_pack.py"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Place]:
    """The company after these weeks, once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        for place in places(tmp_path_factory.mktemp("world"), patch):
            quarter.live_through(place)
            yield place


@pytest.fixture
def lived(world: Place, tmp_path: pathlib.Path) -> t.Iterator[Place]:
    """A copy of it, for one test."""
    copy = quarter.copy_of(world, tmp_path / "company")
    yield copy
    copy.close()


def rows(pack: Pack, name: str) -> list[dict[str, t.Any]]:
    sheet = pack.sheet(name)
    return [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]


def row(pack: Pack, name: str, **where: t.Any) -> dict[str, t.Any]:
    (found,) = [one for one in rows(pack, name) if all(one[key] == value for key, value in where.items())]
    return found


def verified(folder: pathlib.Path, *options: t.Any) -> tuple[int, str]:
    """Run the program as an auditor does: alone, in a Python that knows nothing of Rollcall."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [sys.executable, "-I", str(VERIFIER), str(folder), *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=folder)
    assert done.stderr == ""
    return done.returncode, done.stdout


def moment(day: str, hour: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T{hour}+00:00")


# what a pack says


def test_a_pack_tells_what_happened_in_the_period(lived):
    pack = quarter.packed(lived).pack
    assert [one["person_id"] for one in rows(pack, "people")] == ["1", "2", "3", "4", "5"]
    # the joiner was ready a day and nine hours before the first working day began
    (joiner,) = rows(pack, "joiners")
    assert (joiner["person"], joiner["first_day"], joiner["hours_from_first_day"]) == (
        "Łukasz 王",
        dt.date(2026, 6, 10),
        -33.0,
    )
    mover = row(pack, "movers", person_id="4")
    assert mover["what_changed"] == ("department: Sales -> Engineering", "title: Seller -> Engineer")
    assert mover["complete_at"] == moment("2026-06-15", "23:59:59")
    (leaver,) = rows(pack, "leavers")
    assert leaver["last_day_over"] == moment("2026-06-20", "17:00")
    assert leaver["last_removal_at"] == moment("2026-06-24", "23:59:59")
    assert (leaver["hours_from_last_day"], leaver["late"], leaver["still_usable"]) == (103.0, True, 0)
    assert leaver["proven_how"] == ("attested", "verified")
    assert {(one["app"], one["proven_how"], one["hours_from_last_day"]) for one in rows(pack, "leaver_removals")} == {
        ("hub", "verified", 55.0),
        ("desk", "attested", 103.0),
    }


def test_the_first_page_counts_in_whole_words(lived):
    numbers = {what: count for count, what, _where in document_of(quarter.packed(lived).pack, ()).numbers}
    assert (numbers["people"], numbers["joiner"], numbers["movers"], numbers["leaver"]) == ("5", "1", "2", "1")
    assert (numbers["conflict of duties"], numbers["access reviews"]) == ("1", "0")


def test_a_removal_that_failed_shows_with_its_attempts_and_what_became_of_it(lived):
    pack = quarter.packed(lived).pack
    removal = row(pack, "failed_and_late_removals", person_id="2", app="hub", change="suspend")
    assert (removal["failed_attempts"], removal["proven_how"], removal["late"]) == (1, "verified", True)
    assert removal["limit"] == moment("2026-06-21", "17:00")
    assert any("not now" in one["detail"] for one in rows(pack, "failed_changes"))


def test_what_somebody_said_was_done_and_the_app_does_not_show_is_not_proven(lived):
    pack = quarter.packed(lived).pack
    task = row(pack, "tasks", person_id="1", app="wiki")
    assert (task["state_at_end"], task["overdue"]) == ("open", True)
    given = [change for change in pack.case.history.work.changes if change.app == "wiki"]
    assert {change.last.state for change in given} == {"task"}
    # what was attested and not there lasted until it was read
    wiki = [one for one in rows(pack, "grants") if one["app"] == "wiki"]
    assert wiki
    assert not any(one["in_force_at_end"] for one in wiki)


def test_decisions_stand_there_with_who_made_them(lived):
    pack = quarter.packed(lived).pack
    exception = row(pack, "exceptions", exception="demo")
    assert (exception["approved_by"], exception["reason"]) == ("security@acme.example", "shows it")
    lock = row(pack, "locks", person_id="3")
    assert (lock["by"], lock["lifted_by"], lock["lift_reason"]) == (
        "security@acme.example",
        "security@acme.example",
        "it was found",
    )
    (conflict,) = rows(pack, "duties")
    assert conflict["person_id"] == "1"
    assert "four-eyes" in conflict["conflict"]
    assert "exception helps" in conflict["conflict"]
    assert conflict["rule_in"] == "access/policy/rules.yml:9"
    assert (conflict["accepted_risk"], conflict["risk_owner"]) == ("audit-season", "cat@acme.example")
    risk = row(pack, "accepted_risks", risk="audit-season")
    assert (risk["in_force_at_end"], risk["written_in"]) == (True, "access/policy/rules.yml:11")


def test_who_was_locked_out_and_came_back_has_everything_for_the_reasons_that_it_had(lived):
    pack = quarter.packed(lived).pack
    assert rows(pack, "access_without_reason") == []
    now = {
        one["entitlement"]: one for one in rows(pack, "grants") if one["person_id"] == "3" and one["in_force_at_end"]
    }
    assert now["code"]["reasons"] == "rule code: they build"
    assert now["user"]["reasons"] == "rule all: everybody"


def test_each_app_is_held_against_its_own_count(lived):
    pack = quarter.packed(lived).pack
    hub = row(pack, "apps", app="hub")
    assert (hub["accounts_shown"], hub["accounts_in_ledger_then"], hub["agree"], hub["of_nobody_then"]) == (
        6,
        6,
        True,
        1,
    )
    # at every reading, the first one too, all that was shown was on record
    readings = [one for one in pack.case.history.readings if one.complete]
    assert len(readings) > 10
    assert [one for one in readings if one.accounts != one.in_ledger] == []
    desk = row(pack, "apps", app="desk")
    assert (desk["agree"], desk["last_complete_reading"]) == (None, None)
    (nobodys,) = rows(pack, "accounts_of_nobody")
    assert (nobodys["username"], nobodys["protected"]) == ("backup", False)


def test_what_is_not_known_is_said(lived):
    pack = quarter.packed(lived).pack
    said = {(one["about"], one["what"].split(":")[0].split(",")[0]) for one in rows(pack, "not_known")}
    assert ("ledger", "The ledger begins on 2026-06-01 23") in said
    assert ("app desk", "It cannot be read") in said
    assert ("policy", "There is no repository here to ask what changed in the policy") in said
    later = quarter.packed(lived, first="2026-06-25", last="2026-06-30", directory=lived.path / "later").pack
    said = {(one["about"], one["what"].split(":")[0]) for one in rows(later, "not_known")}
    assert ("runs", "There was no run in the period") in said
    assert ("app hub", "It was not read completely in the period") in said
    # and yet everything that was in force is in it
    assert {one["person_id"] for one in rows(later, "people")} == {"1", "3", "4", "5"}
    assert rows(later, "grants")


def test_somebody_whose_last_day_is_over_and_whom_no_run_took_anything_from_is_a_leaver(lived):
    lived.edit("people.csv", ("2017-01-01,,employee", "2017-01-01,2026-06-29,employee"))
    pack = quarter.packed(lived).pack
    leaver = row(pack, "leavers", person_id="3")
    assert (leaver["last_day"], leaver["recorded_at"], leaver["still_usable"], leaver["late"]) == (
        dt.date(2026, 6, 29),
        None,
        1,
        True,
    )
    assert row(pack, "not_known", about="leavers")["how_many"] == 1
    assert verified(quarter.folder_of(lived))[0] == 0


def test_the_story_of_a_person_goes_from_hr_to_the_proof(lived):
    pack = quarter.packed(lived, scope={"people": ["bob@acme.example"]}).pack
    told = [(one["what"], one["app"], one["why"]) for one in rows(pack, "stories")]
    what = [line[0] for line in told]
    order = [
        "first recorded, as HR said",
        "the last day is over",
        "suspend the account: intended",
        "suspend the account: put off",
        "suspend the account: verified: read back from the app",
        "account can no longer be used",
    ]
    places = [what.index(each) for each in order]
    assert places[:5] == sorted(places[:5])
    assert ("suspend the account: intended", "hub", "leaving: the last day was 2026-06-20") in told
    assert {one["person_id"] for one in rows(pack, "grants")} == {"2"}


def test_the_history_of_the_events_ends_where_the_tables_of_the_ledger_are(lived):
    ledger = lived.open(writes=False).ledger
    history = history_of(ledger.events())
    told = {(g.person, g.app, g.account, g.entitlement, g.since, g.until) for g in history.access.grants}
    names = ("person", "app", "account", "entitlement", "since", "until")
    assert told == {tuple(grant[name] for name in names) for grant in ledger.grant_history()}
    there = {(a.app, a.id, a.person, a.usable) for a in history.access.accounts if a.gone_at is None}
    assert there == {(r.account.app, r.account.id, r.person, r.account.active) for r in ledger.accounts()}
    assert {id: (told.latest.standing, told.latest.complete) for id, told in history.people.items()} == {
        id: (record.standing, record.complete) for id, record in ledger.people().items()
    }
    assert {id: task.state for id, task in history.work.tasks.items()} == {
        task.id: task.state for task in ledger.tasks()
    }
    states = {(row.change.id, row.state) for row in ledger.changes()}
    assert {(change.id, change.last.state) for change in history.work.changes} == states


def test_a_pack_of_the_past_is_the_same_whenever_it_is_made(lived):
    first = quarter.packed(lived, last="2026-06-20", directory=lived.path / "one").pack
    second = quarter.packed(lived, "2026-07-09", last="2026-06-20", directory=lived.path / "two").pack
    for name in ("people", "accounts", "grants", "apps", "joiners", "exceptions", "policy_versions"):
        assert first.sheet(name) == second.sheet(name)


# sample and scope


def test_the_same_seed_draws_the_same_people_and_each_pack_is_kept_in_the_ledger(lived):
    one = quarter.packed(lived, sample=3, seed="q2")
    other = quarter.packed(lived, sample=3, seed="q2", directory=lived.path / "other")
    assert one.pack.drawn == other.pack.drawn
    by_hand = sorted("12345", key=lambda id: hashlib.sha256(f"q2:{id}".encode()).hexdigest())[:3]
    assert list(one.pack.drawn) == by_hand
    assert {line["person_id"] for line in rows(one.pack, "stories")} == set(by_hand)
    (earlier,) = rows(other.pack, "earlier_packs")
    assert (earlier["seed"], earlier["sample"], earlier["manifest_sha256"]) == ("q2", 3, one.manifest)
    assert verify_ledger(lived.open(writes=False).ledger).ok


def test_a_seed_that_nobody_gave_is_made_up_and_written_down(lived):
    made = quarter.packed(lived, sample=1, of="leavers")
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    assert made.pack.sample.seed
    assert manifest["sample"] == {"size": 1, "of": "leavers", "seed": made.pack.sample.seed, "drawn": ["2"]}


def test_a_scope_limits_everything_and_leaves_the_events_out(lived):
    scope = {"apps": ["hub"], "departments": ["Engineering"]}
    made = quarter.packed(lived, scope=scope)
    assert {one["person_id"] for one in rows(made.pack, "people")} == {"2", "3", "4"}
    assert {one["app"] for name in ("grants", "accounts", "apps") for one in rows(made.pack, name)} == {"hub"}
    assert not (made.folder / "ledger").exists()
    code, text = verified(made.folder)
    assert code == 0, text
    assert "not held against events" in text
    # with an export of the ledger it is counted again; one that was made later has the same events and more
    elsewhere = export(lived.open(writes=False).ledger, lived.path / "export", moment("2026-07-03", "12:00"))
    code, text = verified(made.folder, "--events", elsewhere)
    assert code == 0, text
    assert "counted again from the events: 3 people" in text


# proving it


def resigned(place: Place, folder: pathlib.Path) -> None:
    """Do what somebody can do who has the key: bring the manifest up to date and sign it again."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for name in manifest["files"]:
        content = (folder / name).read_bytes()
        manifest["files"][name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    text = json.dumps(manifest).encode()
    path.write_bytes(text)
    with Ledger.open(f"sqlite:///{place.path}/ledger.db", rehearsal=True) as ledger:
        (folder / "signature.json").write_text(json.dumps(sign_manifest(ledger, text)), encoding="utf-8")


def test_a_pack_is_proven_without_rollcall(lived):
    folder = quarter.packed(lived, sample=2, seed="x").folder
    code, text = verified(
        folder, "--key", lived.path / "ledger.db.pub", "--from", "2026-06-01", "--until", "2026-06-30"
    )
    assert code == 0, text
    assert text.startswith("GOOD: the evidence pack of a rehearsal is whole")
    assert "counted again from the events: 5 people, " in text
    assert "1 leavers" in text


def _byte(path: pathlib.Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


ALTERED: dict[str, tuple[t.Callable[[pathlib.Path], t.Any], str]] = {
    "a table": (lambda f: _byte(f / "tables/leavers.csv", "103.0", "3.0"), "tables/leavers.csv: it was altered"),
    "the page": (lambda f: _byte(f / "index.html", "Bob Ray", "Rob Ray"), "index.html: it was altered"),
    "the PDF": (lambda f: (f / "evidence.pdf").write_bytes(b"%PDF-1.4"), "evidence.pdf: it was altered"),
    "added": (lambda f: (f / "tables/more.csv").write_text("x"), "tables/more.csv: it was added"),
    "missing": (lambda f: (f / "tables/tasks.csv").unlink(), "tables/tasks.csv: it is missing"),
    "renamed": (
        lambda f: (f / "tables/tasks.csv").rename(f / "tables/work.csv"),
        "tables/work.csv: it was renamed, from tables/tasks.csv",
    ),
    "a link": (lambda f: (f / "tables/link.csv").symlink_to("/etc/hostname"), "tables/link.csv: it is a link"),
    "a link in a table's place": (
        lambda f: ((f / "tables/people.json").unlink(), (f / "tables/people.json").symlink_to("/dev/zero")),
        "tables/people.json: it is a link or a device",
    ),
    "a folder that is a link": (lambda f: (f / "more").symlink_to("/"), "more: it is a link or a device"),
    "the manifest is a pipe": (
        lambda f: ((f / "manifest.json").unlink(), os.mkfifo(f / "manifest.json")),
        "manifest.json: it is a link or a device",
    ),
    "no end of brackets": (lambda f: (f / "signature.json").write_text("[" * 200_000), "cannot be read"),
    "a name that would say it is good": (
        lambda f: (f / "x\nGOOD: the evidence pack of a company is whole\x1b[2J").touch(),
        "x\\nGOOD: the evidence pack of a company is whole\\x1b[2J: it was added",
    ),
    "an event": (lambda f: _byte(f / "ledger/events.jsonl", '"leaving"', '"joining"'), "it was altered, or does not"),
    "the manifest": (lambda f: _byte(f / "manifest.json", "2026-06-30", "2026-06-29"), "its signature does not fit"),
    "the signature": (lambda f: (f / "signature.json").unlink(), "cannot be read"),
}


@pytest.fixture(scope="module")
def made(world: Place, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[tuple[Place, pathlib.Path]]:
    """One pack for everybody who alters a copy of it."""
    place = quarter.copy_of(world, tmp_path_factory.mktemp("made") / "company")
    yield place, quarter.packed(place, sample=2, seed="x").folder
    place.close()


@pytest.fixture
def copy(made: tuple[Place, pathlib.Path], tmp_path: pathlib.Path) -> pathlib.Path:
    return pathlib.Path(shutil.copytree(made[1], tmp_path / "copy", symlinks=True))


@pytest.mark.parametrize("what", ALTERED)
def test_whatever_is_altered_is_found_and_named(copy, what):
    alter, says = ALTERED[what]
    alter(copy)
    code, text = verified(copy)
    assert code == 1
    assert says in text, text
    assert "Traceback" not in text
    assert not [line for line in text.splitlines() if line.startswith("GOOD") or not line.isprintable()]


def test_another_key_is_not_trusted(copy, tmp_path):
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    (tmp_path / "other.pem").write_bytes(key.public_bytes(*form))
    code, text = verified(copy, "--key", tmp_path / "other.pem")
    assert code == 1
    assert "a key that is not trusted" in text


def test_a_pack_of_another_period_is_not_taken_for_the_one_that_was_asked_for(copy):
    code, text = verified(copy, "--from", "2026-03-01", "--until", "2026-03-31")
    assert code == 1
    assert "this is a pack of another period: 2026-06-01 to 2026-06-30" in text


def _without(path: pathlib.Path, **where: str) -> None:
    table = json.loads(path.read_text(encoding="utf-8"))
    kept = [row for row in table["rows"] if any(row[key] != value for key, value in where.items())]
    assert len(kept) < len(table["rows"])
    path.write_text(json.dumps({**table, "rows": kept}), encoding="utf-8")


SIGNED: dict[str, tuple[t.Callable[[pathlib.Path], t.Any], str]] = {
    "a person is left out": (lambda f: _without(f / "tables/people.json", person_id="3"), "tables/people"),
    "a grant is left out": (
        lambda f: _without(f / "tables/grants.json", person_id="1", entitlement="admin"),
        "tables/grants: the events and the table do not agree on ('1', 'hub', 'hub-",
    ),
    "an account is left out": (lambda f: _without(f / "tables/accounts.json", account="nobody"), "tables/accounts"),
    "a leaver's time is made shorter": (
        lambda f: (
            _byte(f / "tables/leavers.json", "2026-06-24T23:59:59Z", "2026-06-20T18:00:00Z"),
            _byte(f / "tables/leavers.json", "103.0", "1.0"),
        ),
        "tables/leavers: the events tell otherwise of 2",
    ),
    "another sample": (lambda f: _byte(f / "manifest.json", '"drawn": [', '"drawn": ["0",'), "whom the seed draws"),
}


@pytest.mark.parametrize("what", SIGNED)
def test_what_somebody_with_the_key_signed_again_does_not_agree_with_the_events(made, copy, what):
    alter, says = SIGNED[what]
    alter(copy)
    resigned(made[0], copy)
    code, text = verified(copy, "--key", made[0].path / "ledger.db.pub")
    assert code == 1
    assert says in text, text
    assert "signature" not in text


def test_the_program_is_short_and_shares_no_code():
    text = VERIFIER.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 200
    assert "ansible" not in text
    assert "import rollcall" not in text


# files


def test_the_same_pack_twice_has_the_same_bytes(lived):
    quarter.packed(lived, seed="x", sample=2)
    there = {path.name: path.read_bytes() for path in (quarter.folder_of(lived) / "tables").iterdir()}
    quarter.packed(lived, seed="x", sample=2)
    again = {path.name: path.read_bytes() for path in (quarter.folder_of(lived) / "tables").iterdir()}
    # all but what tells of the first pack
    assert {name for name in there if there[name] != again[name]} <= {
        "earlier_packs.csv",
        "earlier_packs.json",
        "runs.csv",
        "runs.json",
    }


def test_tables_are_for_spreadsheets_and_programs_alike_and_for_their_owner_alone(lived):
    folder = quarter.packed(lived).folder
    for path in (folder / "tables").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        table = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert lines[0] == table["columns"]
        assert len(lines) - 1 == len(table["rows"])
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o640}


# bad input


def nothing_written(place: Place, error: type[Exception], says: str, **asked: t.Any) -> None:
    before = {path: path.stat().st_mtime_ns for path in place.path.rglob("*") if "ledger.db" not in path.name}
    head = place.open(writes=False).ledger.head
    with pytest.raises(error, match=says):
        quarter.packed(place, **asked)
    after = {path: path.stat().st_mtime_ns for path in place.path.rglob("*") if "ledger.db" not in path.name}
    assert set(after) == set(before)
    assert place.open(writes=False).ledger.head == head


def test_a_request_that_makes_no_sense_is_refused_and_nothing_is_written(made):
    place, folder = made
    bad: list[tuple[type[Exception], str, dict[str, t.Any]]] = [
        (EvidenceError, "before it begins", {"first": "2026-06-30", "last": "2026-06-01"}),
        (EvidenceError, "still to come", {"last": "2026-07-04"}),
        (EvidenceError, "which is no day", {"first": "June"}),
        (EvidenceError, "a sample of 9 cannot be drawn from 5 people", {"sample": 9}),
        (EvidenceError, "a sample of 2 cannot be drawn from 1 leavers", {"sample": 2, "of": "leavers"}),
        (EvidenceError, "a sample of -1", {"sample": -1}),
        (EvidenceError, "drawn from 'robots'", {"sample": 1, "of": "robots"}),
        (UnknownName, "no app 'hubb' in the period; did you mean 'hub'", {"scope": {"apps": ["hubb"]}}),
        (UnknownName, "nobody by the id, user name or address 'zoe'", {"scope": {"people": ["zoe"]}}),
        (UnknownName, "no department 'Enginering'", {"scope": {"departments": ["Enginering"]}}),
        (EvidenceError, "a scope has no 'app'", {"scope": {"app": ["hub"]}}),
        (EvidenceError, "apps is no list of names", {"scope": {"apps": {"hub": 1}}}),
        (EvidenceError, "is no evidence pack, and not empty", {"directory": place.path / "access"}),
        (EvidenceError, "this is no directory", {"directory": place.path / "people.csv"}),
        (EvidenceError, "there is no such font", {"font": place.path / "none.ttf"}),
        (EvidenceError, "no TrueType font", {"font": place.path / "people.csv"}),
    ]
    for error, says, asked in bad:
        nothing_written(place, error, says, **{"directory": place.path / "new", **asked})
    assert folder.is_dir()


def test_an_earlier_pack_is_replaced_and_a_folder_with_anything_else_in_it_is_not(lived):
    quarter.packed(lived)
    folder = quarter.packed(lived, last="2026-06-20").folder
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["until"] == "2026-06-20"
    assert [path.name for path in lived.path.iterdir() if path.name.startswith(".pack")] == []
    (folder / "my notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(EvidenceError, match=r"it holds my notes\.txt"):
        quarter.packed(lived)
    assert (folder / "my notes.txt").read_text(encoding="utf-8") == "mine"


def test_without_a_ledger_there_is_nothing_to_prove_and_none_is_made(place):
    with pytest.raises(LedgerError, match="there is no ledger to take evidence from"):
        quarter.packed(place)
    assert not (place.path / "ledger.db").exists()


def test_check_mode_works_it_out_and_writes_nothing(lived):
    head = lived.open(writes=False).ledger.head
    made = quarter.packed(lived, writes=False)
    assert (made.manifest, len(rows(made.pack, "leavers"))) == ("", 1)
    assert not made.folder.exists()
    assert lived.open(writes=False).ledger.head == head


def test_the_keys_that_come_with_a_pack_are_those_of_the_ledger(made):
    place, folder = made
    signature = json.loads((folder / "signature.json").read_text(encoding="utf-8"))
    assert public_pem(signature["public_key"]) in (place.path / "ledger.db.pub").read_text(encoding="ascii")


def test_what_killed_runs_left_is_taken_away_and_what_another_run_is_at_stays(lived):
    folder = quarter.folder_of(lived)
    left = [folder.with_name(f".{folder.name}.{'0' * 12}"), folder.with_name(f".{folder.name}.{'1' * 12}.earlier")]
    foreign = folder.with_name(f".{folder.name}.old")
    for path in (*left, foreign):
        path.mkdir()
        (path / "manifest.json").write_text("{}", encoding="ascii")
    with pack_folder.beside(folder) as busy:
        quarter.packed(lived)
        assert busy.is_dir()
    assert not any(path.exists() for path in (*left, busy))
    assert foreign.is_dir()
    shutil.rmtree(foreign)
    assert verified(folder, "--key", lived.path / "ledger.db.pub")[0] == 0


def test_a_run_that_dies_before_its_pack_is_recorded_leaves_nothing_that_is_signed(lived, monkeypatch):
    folder = quarter.folder_of(lived)
    quarter.packed(lived)
    before = (folder / "manifest.json").read_bytes()
    found = []

    def dies(self, kind, *given, **more):
        if kind == "evidence.packed":
            found.extend(path.name for path in folder.parent.glob(f".{folder.name}.*/*"))
            raise KeyboardInterrupt
        return append(self, kind, *given, **more)

    append = Ledger.append
    monkeypatch.setattr(Ledger, "append", dies)
    with pytest.raises(KeyboardInterrupt):
        quarter.packed(lived)
    assert "manifest.json" in found
    assert "signature.json" not in found
    assert (folder / "manifest.json").read_bytes() == before
