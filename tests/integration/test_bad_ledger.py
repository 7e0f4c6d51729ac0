# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger that cannot be used, or that somebody has had their hands on."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import sqlite3
import typing as t

import pytest

from .support.company import CompanyDirectory
from .support.running import Outcome
from .support.scim import ScimServer
from .support.small import SCIM_APPS, everything, onboarded, without_ansible_cfg

#: How long a run waits for a ledger that somebody else holds, in seconds: as short as a test likes it.
IMPATIENT = {"ROLLCALL_LEDGER_TIMEOUT": "0.3"}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory, scim: ScimServer) -> CompanyDirectory:
    return onboarded(tmp_path_factory.mktemp("ledgers"), scim)


@pytest.fixture
def company(settled: CompanyDirectory, tmp_path: pathlib.Path) -> t.Iterator[CompanyDirectory]:
    """The twelve with something due; their ledger is put back after each test."""
    kept = tmp_path / "kept"
    kept.mkdir()
    for file in settled.path.glob("ledger.db*"):
        shutil.copy2(file, kept)
    yield settled
    for file in settled.path.glob("ledger.db*"):
        file.chmod(0o600)
        file.unlink()
    for file in kept.iterdir():
        shutil.copy2(file, settled.path)


@contextlib.contextmanager
def by_hand(company: CompanyDirectory) -> t.Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(company.ledger, isolation_level=None)) as ledger:
        yield ledger
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def apps(company: CompanyDirectory) -> dict[str, t.Any]:
    return {app: company.tenant(app).state() for app in SCIM_APPS}


def refused(outcome: Outcome, *says: str) -> None:
    """See that a program ended with one clear message, in the inventory (4) or in a task (2)."""
    assert outcome.rc in (2, 4), outcome.output
    assert len(outcome.failures()) == (outcome.rc == 2), outcome.output
    assert "Traceback" not in outcome.output
    assert outcome.changed == 0
    for text in ("ledger.db", *says):
        assert text in outcome.output, outcome.output


def due(company: CompanyDirectory) -> list[t.Any]:
    """Return what a run would change now: what was due before has to be due afterwards."""
    planned = company.playbook("plan", "--check").succeeded().of("plan")[0].result["changes"]
    return sorted((change["person"], change["app"], change["kind"], change["entitlement"]) for change in planned)


def test_a_locked_ledger_is_waited_for_and_then_told(company: CompanyDirectory) -> None:
    before, is_due = everything(company), due(company)
    with contextlib.closing(sqlite3.connect(company.ledger, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused(company.playbook("reconcile", env=IMPATIENT), "it is locked: another process holds the ledger")
        with without_ansible_cfg(company):
            refused(company.playbook("onboard", env=IMPATIENT), "it is locked", "Wait for the other run to end")
            refused(company.playbook("emergency_offboard", "--limit", "gia.vale", env=IMPATIENT), "it is locked")
        other.execute("ROLLBACK")
    assert everything(company) == before
    assert due(company) == is_due


def test_a_read_only_ledger_is_refused_before_anything_is_done(company: CompanyDirectory) -> None:
    # root may write to any file; one that nobody has the right to write to is taken as meant so
    before, is_due = everything(company), due(company)
    company.ledger.chmod(0o444)
    refused(company.playbook("reconcile"), "the file is read-only", "chmod u+w")
    with without_ansible_cfg(company):
        refused(company.playbook("onboard"), "the file is read-only")
    company.playbook("report").succeeded()
    company.playbook("verify_ledger").succeeded()
    company.ledger.chmod(0o600)
    company.path.chmod(0o555)
    try:
        refused(company.playbook("reconcile"), "its directory is read-only")
    finally:
        company.path.chmod(0o755)
    assert everything(company) == before
    assert due(company) == is_due


def test_a_ledger_from_a_newer_version_is_left_alone(company: CompanyDirectory) -> None:
    is_due = due(company)
    with by_hand(company) as ledger:
        (version,) = ledger.execute("SELECT version_num FROM alembic_version").fetchone()
        ledger.execute("UPDATE alembic_version SET version_num = '0999'")
    before, content = apps(company), company.ledger.read_bytes()
    refused(company.playbook("reconcile"), "the ledger is of revision 0999", "Upgrade rollcall.access")
    with without_ansible_cfg(company):
        refused(company.playbook("verify_ledger"), "the ledger is of revision 0999")
        refused(company.playbook("emergency_offboard", "--limit", "gia.vale"), "the ledger is of revision 0999")
    assert company.ledger.read_bytes() == content
    assert apps(company) == before
    with by_hand(company) as ledger:
        ledger.execute("UPDATE alembic_version SET version_num = ?", (version,))
    assert due(company) == is_due


def _text(company: CompanyDirectory) -> None:
    company.ledger.write_text("this is a text\n" * 200, encoding="utf-8")


def _other(company: CompanyDirectory) -> None:
    company.ledger.unlink()
    with by_hand(company) as ledger:
        ledger.execute("CREATE TABLE songs (title TEXT)")


def _damaged(company: CompanyDirectory) -> None:
    with by_hand(company):
        pass  # all of it into the one file
    content = bytearray(company.ledger.read_bytes())
    content[4096:] = b"\x5a" * (len(content) - 4096)
    company.ledger.write_bytes(content)


def _directory(company: CompanyDirectory) -> None:
    company.replace("rollcall.yml", "sqlite:///ledger.db", "sqlite:///no-such-directory/ledger.db")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [(_text, "is no SQLite database"), (_other, "a database of something else"), (_damaged, "damaged")],
)
def test_what_is_no_ledger_is_left_as_it_is(
    spoil: t.Callable[[CompanyDirectory], None], says: str, company: CompanyDirectory
) -> None:
    for file in company.path.glob("ledger.db-*"):
        file.unlink()
    spoil(company)
    before, content = apps(company), company.ledger.read_bytes()
    refused(company.playbook("reconcile"), says)
    with without_ansible_cfg(company):
        refused(company.playbook("onboard"), says)
    assert company.ledger.read_bytes() == content
    assert apps(company) == before


def test_a_ledger_where_nothing_can_be_is_not_made_elsewhere(company: CompanyDirectory) -> None:
    settings = company.read("rollcall.yml")
    _directory(company)
    try:
        # where there is no ledger yet everybody is new, so this gets as far as the first write
        refused(company.playbook("onboard"), "no-such-directory does not exist")
    finally:
        company.write("rollcall.yml", settings)
    assert list(company.path.glob("**/no-such-directory")) == []


ALTERED = {
    "an event says otherwise": (
        "UPDATE events SET data = replace(data, 'badge', 'Because') WHERE kind = 'grant.recorded'",
        "is not as it was written",
    ),
    "an event is gone": ("DELETE FROM events WHERE seq = 20", "event 20 is missing"),
    "the end is gone": (
        "DELETE FROM events WHERE seq > (SELECT max(seq) - 3 FROM events)",
        "3 events are missing at the end",
    ),
    "a grant was never given": (
        "INSERT INTO grants SELECT person, app, account, 'admin', because, since, source, verified_at FROM grants "
        "WHERE app = 'mail' AND person = '12' LIMIT 1",
        "no event tells of it",
    ),
    "a reason was changed": (
        "UPDATE grants SET since = '2019' || substr(since, 5) WHERE person = '8' AND app = 'mail'",
        "it is not as event",
    ),
    "a task is gone": ("DELETE FROM tasks WHERE person = '8'", "and it is gone"),
    "a task is done": (
        "UPDATE tasks SET state = 'attested', ended_by = 'nobody' WHERE person = '9'",
        "it is not as event",
    ),
    "a checkpoint was moved": ("UPDATE checkpoints SET seq = seq - 1", "its signature over event"),
}


@pytest.mark.parametrize(("statement", "says"), ALTERED.values(), ids=ALTERED)
def test_what_was_altered_by_hand_is_named_and_stays_found(
    statement: str, says: str, company: CompanyDirectory
) -> None:
    with by_hand(company) as ledger:
        assert ledger.execute(statement).rowcount > 0
    verified = company.playbook("verify_ledger")
    assert verified.rc == 2, verified.output
    assert "the evidence was altered" in verified.output
    assert says in verified.output
    places = _places(verified)
    if "grants" not in statement:
        return
    # work goes on, for leavers do not wait; but what it writes over what was altered does not hide that
    company.playbook("plan", "--limit", "app.mail").succeeded()
    still = company.playbook("verify_ledger")
    assert still.rc == 2
    assert places & _places(still)


def _places(verified: Outcome) -> set[str]:
    return {problem["where"] for problem in verified.of("verify_ledger")[0].result["problems"]}


def test_a_rehearsal_and_the_company_never_use_one_ledger(company: CompanyDirectory) -> None:
    before, settings = everything(company), company.read("rollcall.yml")
    try:
        company.write("rollcall.yml", settings + "rehearsal: true\n")
        refused(company.playbook("reconcile"), "this is a company's own ledger", "rehearsal.db")
        company.replace("rollcall.yml", "sqlite:///ledger.db", "sqlite:///rehearsal-ledger.db")
        company.playbook("plan").succeeded()
        company.replace("rollcall.yml", "rehearsal: true\n", "")
        refused(company.playbook("reconcile"), "this ledger was made by a rehearsal, and refuses every other use")
        with without_ansible_cfg(company):
            refused(company.playbook("onboard"), "this ledger was made by a rehearsal")
    finally:
        company.write("rollcall.yml", settings)
        for file in company.path.glob("rehearsal-ledger.db*"):
            file.unlink()
    assert everything(company) == before


def test_another_day_than_today_is_worked_out_and_carried_out_in_a_rehearsal_only(company: CompanyDirectory) -> None:
    before = everything(company)
    other_day = {"ROLLCALL_AS_OF": "2030-01-01"}
    for playbook in ("reconcile", "onboard"):
        outcome = company.playbook(playbook, env=other_day)
        assert outcome.rc == 2, outcome.output
        assert "as_of is set, so this run would carry out another day than today" in outcome.output
    company.playbook("plan", "--check", env=other_day).succeeded()
    assert everything(company) == before
