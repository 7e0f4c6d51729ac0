# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The company of the HR history with eight apps: four on a real SCIM server, four that only people can change."""

from __future__ import annotations

import csv
import io
import json
import os
import pathlib
import shutil
import subprocess
import typing as t

import yaml
from ansible_collections.rollcall.access.tests.integration.history import by_hand
from ansible_collections.rollcall.access.tests.integration.history.before import Before
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import rows

#: What is added to the company: two apps by hand, and the rules for them.
MORE = pathlib.Path(__file__).parent / "campaign"

SCIM_APPS = ("hub", "code", "crm", "books")
MANUAL_APPS = ("learn", "plant", "badge", "archive")


class EightApps:
    """The company in git, and what people do in it."""

    def __init__(self, place: pathlib.Path, server: ScimServer, date: str) -> None:
        self.company = CompanyDirectory(by_hand.COMPANY, place, server)
        shutil.copytree(MORE / "access", self.company.path / "access", dirs_exist_ok=True)
        for path in sorted((self.company.path / "access/catalog").glob("*.yml")):
            catalog = yaml.safe_load(path.read_text(encoding="utf-8"))
            for key, app in catalog["apps"].items():
                if key in MANUAL_APPS:
                    app.pop("connection", None)
                    app["connector"] = "none"
            path.write_text(yaml.safe_dump(catalog, sort_keys=False), encoding="utf-8")
        self.company.write(".gitignore", "/ledger.db*\n/review/\n/sent/\n/record/\n/pack/\n/hr/\n*.csv\n")
        self._git("init", "-q", "-b", "main")
        self._git("add", "-A")
        self._git("commit", "-q", "-m", "Eight apps, and who gets what", at=f"{date}T08:00:00+00:00")
        Before(date).fill(self.company)

    def hand_over(self, date: str) -> None:
        """Put HR's export of a date in the place of the last one."""
        self.company.write("hr/employees.csv", (by_hand.EXPORTS / f"employees-{date}.csv").read_bytes())

    def on(self, day: str) -> None:
        self.company.env["ROLLCALL_AS_OF"] = day

    def play(self, name: str, *, rc: int = 0, **given: t.Any) -> Outcome:
        """Run a playbook with these extra variables; an AssertionError when it ends otherwise than ``rc``."""
        outcome = self.company.playbook(name, "-e", json.dumps(given))
        assert outcome.rc == rc, f"{name}: exit code {outcome.rc}\n{outcome.output}"
        return outcome

    def result(self, name: str, action: str, **given: t.Any) -> dict[str, t.Any]:
        """Run a playbook and return what its one task of ours says."""
        (task,) = [task for task in self.play(name, **given).of(action) if task.state != "skipped"]
        return dict(task.result)

    def reconcile(self) -> Outcome:
        """Bring everybody to what they should have. Where the guard stops it, somebody looks at the plan."""
        outcome = self.company.playbook("reconcile")
        if outcome.rc:
            (failed,) = outcome.failures()
            assert failed.result["failure"]["code"] == "guard", outcome.output
            outcome = self.play("reconcile", rollcall_plan=failed.result["failure"]["details"]["plan"])
        return outcome

    def tasks(self, state: str = "open") -> list[dict[str, t.Any]]:
        return [row for row in rows(self.company, "tasks") if row["state"] == state]

    def owners_work(self) -> int:
        """Have the owners of the manual apps do what they are asked to, on the sheet; return how many tasks that is."""
        self.play("tasks", rollcall_sheet="open.csv")
        sheet = self.sheet("open.csv")
        for row in sheet:
            row.update(done="yes", by=row["owner"])
        self.write_sheet("done.csv", sheet)
        self.play("tasks", rollcall_answers="done.csv")
        assert self.tasks() == []
        return len(sheet)

    def sheet(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.company.read(name))))

    def write_sheet(self, name: str, sheet: t.Sequence[t.Mapping[str, str]]) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, sheet[0])
        writer.writeheader()
        writer.writerows(sheet)
        self.company.write(name, text.getvalue())

    def servers(self) -> dict[str, t.Any]:
        """Return everything that the SCIM server has, with versions and times, asked for past the collection."""
        return {app: self.company.tenant(app).state() for app in SCIM_APPS}

    def _git(self, *words: str, at: str = "") -> None:
        who = {f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in _WHO.items()}
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, **who}
        if at:
            environment |= {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
        subprocess.run(["git", *words], cwd=self.company.path, check=True, capture_output=True, env=environment)


_WHO = {"NAME": "Dietrich Journel", "EMAIL": "dietrich.journel10567@acme.example"}
