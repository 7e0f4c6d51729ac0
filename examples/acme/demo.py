# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A month at Acme, in under a minute: what ``make demo`` runs.

Everything is real but the calendar: a SCIM server plays three apps, the other five are looked after by hand, and every
step is the playbook that you would run yourself. Each step is run twice, and the second run must find nothing to do.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import pathlib
import re
import secrets
import shutil
import socket
import subprocess
import sys
import textwrap
import time
import typing as t
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TARGET = pathlib.Path(os.environ.get("ROLLCALL_DEMO_DIR") or HERE.parents[1] / "build" / "demo" / "acme")
#: How many lines of a step are shown; the rest is counted.
SHOWN = 7

GROUPS = {
    "hub": ("All Hands", "Engineering", "Sales", "Customer Success", "On Call"),
    "crm": ("Territory US", "Territory Europe"),
    "code": ("product", "platform", "demos"),
}


class Failed(Exception):
    """The demo did not do what it promises."""


class ScimServer:
    """A SCIM server with a tenant per app, on this machine only."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(16)  # never begins with a dash, as an option would
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        program = pathlib.Path(sys.executable).parent / "scim2-server"
        self.log = open(TARGET.parent / "scim-server.log", "w", encoding="utf-8")  # noqa: SIM115 - closed in stop()
        self.process = subprocess.Popen(
            [str(program), "--dynamic-tenants", "--bearer-token", self.token, "--port", str(self.port)],
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def wait(self) -> None:
        for _unused in range(200):
            try:
                self.call("hub", "ServiceProviderConfig")
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
            else:
                return
        raise Failed(f"the SCIM server did not start; see {self.log.name}")

    def call(self, app: str, path: str, body: t.Mapping[str, t.Any] | None = None) -> dict[str, t.Any]:
        request = urllib.request.Request(
            f"{self.url}/{app}/v2/{path}",
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, t.Any] = json.load(answer)
            return found

    def seed(self) -> None:
        """Make the groups that the catalog names, and one account that nobody remembers."""
        for app, names in GROUPS.items():
            for name in names:
                self.call(
                    app, "Groups", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name}
                )
        self.call(
            "crm",
            "Users",
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": "summer.intern@acme.example",
                "emails": [{"value": "summer.intern@acme.example", "primary": True}],
                "active": True,
            },
        )

    def user(self, app: str, name: str) -> dict[str, t.Any] | None:
        users = self.call(app, "Users?count=200").get("Resources", [])
        return next((user for user in users if user["userName"] == name), None)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


class Demo:
    def __init__(self, server: ScimServer) -> None:
        self.server = server
        self.number = 0
        self.day = ""

    def on(self, day: str) -> None:
        """Turn the calendar, and take the exports of that day."""
        self.day = day
        stage = HERE / "stages" / day
        if stage.is_dir():
            shutil.copy(stage / "employees.csv", TARGET / "hr" / "employees.csv")
            shutil.copy(stage / "analytics.csv", TARGET / "exports" / "analytics.csv")
        # an export is as old as its file, and this one was made in the morning of that day
        morning = dt.datetime.fromisoformat(f"{day}T06:00:00+00:00").timestamp()
        os.utime(TARGET / "exports" / "analytics.csv", (morning, morning))

    def say(self, title: str, text: str = "") -> None:
        self.number += 1
        print(f"\n\033[1m{self.number}. {title}\033[0m" if sys.stdout.isatty() else f"\n{self.number}. {title}")
        if text:
            print(textwrap.indent(textwrap.fill(text, 112), "   "))

    def play(self, name: str, *arguments: str, again: bool = True, table: bool = False) -> str:
        """Run a playbook, show what it said, and run it again: the second time nothing may change.

        What a ``table`` says is in lines without a colon.
        """
        print(f"   $ ansible-playbook rollcall.access.{name} {' '.join(arguments)}".rstrip())
        output, changed = self._run(name, *arguments)
        lines = [
            line.rstrip() if table else line.strip()
            for line in output.splitlines()
            if line.startswith("  ") and (table or ": " in line)
        ]
        lines = [line for line in lines if not re.match(r"(changed|msg|ok|failed)\b", line)]
        for line in lines[:SHOWN]:
            print(line[:150] if table else textwrap.shorten(f"     {line}", 150, placeholder=" ..."))
        if len(lines) > SHOWN:
            print(f"     ... and {len(lines) - SHOWN} more lines")
        if again:
            _output, twice = self._run(name, *arguments)
            if twice:
                raise Failed(f"the second run of {name} changed something:\n{_output}")
            print(f"   -> {changed} changed; run again: nothing to do")
        return output

    def _run(self, name: str, *arguments: str) -> tuple[str, int]:
        environment = {
            **os.environ,
            "ACME_SCIM_URL": self.server.url,
            "ACME_SCIM_TOKEN": self.server.token,
            "ROLLCALL_AS_OF": self.day,
            "ROLLCALL_ACTOR": "demo",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
        }
        program = pathlib.Path(sys.executable).parent / "ansible-playbook"
        done = subprocess.run(
            [str(program), f"rollcall.access.{name}", *arguments],
            cwd=TARGET,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            raise Failed(f"ansible-playbook rollcall.access.{name} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout, sum(int(number) for number in re.findall(r"changed=(\d+)", done.stdout))

    # what the owners and reviewers do

    def answer_sheet(self, skip: str = "") -> pathlib.Path:
        """Be every app owner: fill in the sheet of open tasks, but for one app's."""
        sheet = TARGET / "open-tasks.csv"
        rows = list(csv.DictReader(sheet.open(encoding="utf-8", newline="")))
        answers = TARGET / "answers.csv"
        with answers.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            for row in rows:
                if row["app"] != skip:
                    row.update(done="yes", by=row["owner"], note="done by hand")
                    writer.writerow(row)
        return answers

    def decide(self, folder: pathlib.Path) -> pathlib.Path:
        """Be every reviewer: keep everything, but take one forecast licence away."""
        decided = TARGET / "decisions.csv"
        rows: list[dict[str, str]] = []
        for sheet in sorted(folder.glob("*.csv")):
            for row in csv.DictReader(sheet.open(encoding="utf-8", newline="")):
                revoke = row["entitlement"].startswith("forecast") and row["person"].startswith("Sarah")
                row.update(decision="revoke" if revoke else "keep", by=row["reviewer"])
                if revoke:
                    row["reason"] = "Forecasts are done by the controller this year"
                rows.append(row)
        with decided.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        return decided

    def task_of(self, person: str, app: str) -> str:
        rows = csv.DictReader((TARGET / "open-tasks.csv").open(encoding="utf-8", newline=""))
        return next(row["task_id"] for row in rows if row["person"] == person and row["app"] == app)

    # the month

    def run(self) -> None:
        self.on("2026-11-02")
        self.say(
            "Monday, 2 November: is everything in order?", "Catalog, policy and HR are checked before anything else."
        )
        self.play("check")

        self.say("Whose accounts are out there?", "Every app is read; accounts are matched to people.")
        self.play("discover", again=False)

        self.say(
            "Everybody who works here gets what the policy says",
            "Three apps are changed over SCIM and read back. For the others the owner gets a task.",
        )
        self.play("onboard")
        self.play("tasks", "-e", "rollcall_sheet=open-tasks.csv", again=False)
        answers = self.answer_sheet()
        print("   The owners fill in open-tasks.csv and send it back:")
        self.play("tasks", "-e", f"rollcall_answers={answers}")

        self.on("2026-11-16")
        self.say("Monday, 16 November: Alex starts", "HR says so, so Alex is a joiner; nobody had to ask.")
        self.play("onboard")
        self.play("tasks", "-e", "rollcall_sheet=open-tasks.csv", again=False)
        print("   The office hands out the laptop and says so:")
        task = self.task_of("Alex Chen", "Office")
        self.play("complete_task", "-e", f"rollcall_task={task}", "-e", "rollcall_by=office@acme.example")

        self.say(
            "Sarah now leads a team, and Beatriz has a new name",
            "Movers: the new access comes and the old goes, in one run; a rename renames, and makes no second account.",
        )
        self.play("move")

        self.on("2026-12-01")
        self.say("Tuesday, 1 December: one leaver, and a contract that has ended")
        self.play("offboard")
        self.expect_gone("hub", "dmitri.okafor")
        self.play("tasks", "-e", "rollcall_sheet=open-tasks.csv", again=False)
        print("   What only people can take away, the owners take away that day, and say so:")
        self.play("tasks", "-e", f"rollcall_answers={self.answer_sheet()}")

        self.say(
            "Oliver's laptop is stolen: cut him off now", "Works while HR is down. The lock vetoes every re-grant."
        )
        self.play("emergency_offboard", "--limit", "oliver.grant", "-e", "rollcall_reason=laptop-stolen")
        self.expect_gone("hub", "oliver.grant")

        self.say(
            "Everything else, for everyone", "Expiries and drift: an exception that has ended takes its access with it."
        )
        self.play("reconcile")

        self.say("The quarterly review of customer data", "Each manager gets a sheet; one licence is taken away.")
        folder = TARGET / "reviews"
        scope = json.dumps({"rollcall_scope": {"apps": ["crm"]}})
        self.play(
            "open_review", "-e", "rollcall_review=2026-q4", "-e", scope, "-e", f"rollcall_directory={folder / 'sheets'}"
        )
        decisions = self.decide(folder / "sheets")
        self.play(
            "close_review",
            "-e",
            "rollcall_review=2026-q4",
            "-e",
            f"rollcall_decisions={decisions}",
            "-e",
            f"rollcall_directory={folder / 'record'}",
        )

        self.say("The evidence")
        self.play("verify_ledger", "-e", "rollcall_directory=evidence")
        self.play("report")

        self.say(
            "The auditor comes",
            "One signed folder for the month, with the whole story of two leavers. A program that shares no code with "
            "Rollcall checks it. Then a question: how long did it take until nothing of a leaver's worked any more?",
        )
        period = ("-e", "rollcall_until=2026-12-01")
        drawn = ("-e", "rollcall_sample=2", "-e", "rollcall_sample_of=leavers", "-e", "rollcall_seed=demo")
        folder = ("-e", "rollcall_directory=evidence/2026-11")
        self.play("evidence", "-e", "rollcall_from=2026-11-02", *period, *drawn, *folder, again=False)
        self.verify_pack(TARGET / "evidence" / "2026-11")
        asked = ("-e", "rollcall_question=leavers", "-e", "rollcall_since=2026-11-02")
        self.play("ask", *asked, *period, again=False, table=True)

    def verify_pack(self, folder: pathlib.Path) -> None:
        """Have the auditor's own program check the pack."""
        program = HERE.parents[1] / "extensions" / "verifier" / "rollcall_verify_pack.py"
        print(f"   $ python3 {program.name} {folder}")
        done = subprocess.run(
            [sys.executable, str(program), str(folder)],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            raise Failed(f"the evidence pack does not hold:\n{done.stdout}")
        print(textwrap.indent(done.stdout.strip(), "     "))

    def expect_gone(self, app: str, name: str) -> None:
        """Ask the server itself, not Rollcall."""
        user = self.server.user(app, name)
        if user is not None and user.get("active", True):
            raise Failed(f"{name} can still sign in to {app}")
        print(f"   The SCIM server itself says: {name} cannot sign in to {app} any more.")


def main() -> int:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(HERE, TARGET, ignore=shutil.ignore_patterns("stages", "demo.py", "__pycache__", "*.db*", "report"))
    with (TARGET / "rollcall.yml").open("a", encoding="utf-8") as settings:
        # the calendar is turned by hand here, which only a rehearsal's ledger takes
        settings.write("\nrehearsal: true\n")
    started = time.monotonic()
    server = ScimServer()
    try:
        server.wait()
        server.seed()
        print("Acme has 24 employees, 3 contractors and 8 apps. Nobody has any access yet.")
        Demo(server).run()
    except Failed as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    finally:
        server.stop()
    seconds = time.monotonic() - started
    print(f"\nDone in {seconds:.0f} seconds. Every step was run twice; the second time nothing changed.")
    print(f"The report:   {TARGET / 'report' / 'index.html'}")
    print(f"The evidence: {TARGET / 'evidence'}, with the auditor's pack in 2026-11")
    print(f"The company:  {TARGET} (look at rollcall.yml and access/)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
