# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to the company, day by day: what people and HR do, and the playbook that follows."""

from __future__ import annotations

import csv
import dataclasses
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.requesting.extension_lines import read_extensions
from ansible_collections.rollcall.access.tests.conformance.desks.zammad import OTHER, OWNER
from ansible_collections.rollcall.access.tests.integration.killed.life import Life

PEOPLE = "hr/people.csv"
ADA, JANE, SAL = (f"{name}@acme.example" for name in ("ada.stone", "jane.doe", "sales.ops"))


@dataclasses.dataclass(frozen=True)
class Day:
    """One playbook at one time. ``meanwhile`` is what happened before it, outside of Rollcall."""

    name: str
    at: str
    arguments: tuple[str, ...]
    meanwhile: t.Callable[[Life], None] = lambda life: None
    #: what a run says that fails because it is done already; empty where it just finds nothing to do
    once: str = ""

    def later(self, minutes: int) -> str:
        """Return the moment so many minutes later: a run that died is not repeated in the same second."""
        return f"{self.at}:{minutes:02}:00+00:00"


def _somebody_begins(life: Life) -> None:
    text = (life.path / PEOPLE).read_text(encoding="utf-8")
    life.write(PEOPLE, f"{text}4,Cleo,Marsh,cleo.marsh@acme.example,Engineer,Engineering,2,2026-06-01,,employee\n")


def _owners_answer(life: Life) -> None:
    """One has done it, one says no without a reason, one writes what is no answer; people ask for access."""
    world = life.world
    world.reply("Give Cleo Marsh", "done\naccount: B-17")
    world.reply("Give Sal Ops", "declined")
    world.reply("Give Jane Doe", "I am on it", OTHER)
    world.desk.people_ask("Access, please", "app: planner\naccess: editor\nwhy: the trade fair\nfor 30 days", JANE)
    world.desk.people_ask("I need something", "Could somebody help me?", SAL)


def _approvers_agree(life: Life) -> None:
    life.world.reply("Approve", "approved")


def _cleo_sells(life: Life) -> None:
    life.edit(
        PEOPLE,
        (
            "Cleo,Marsh,cleo.marsh@acme.example,Engineer,Engineering,2",
            "Cleo,Marsh,cleo.marsh@acme.example,Seller,Sales,1",
        ),
    )


def _a_sheet_comes_in(life: Life) -> None:
    """What was decided on Jane's access is put where the daily run finds it."""
    _write_decisions(life, "inbox/q2/jane.csv", lambda row: row["person"] == "Jane Doe")


def _reviewers_decide(life: Life) -> None:
    """What Jane may in the planner, and Ada's badge, are taken away; all else stays."""
    _write_decisions(life, "decisions.csv", lambda row: True)


def _write_decisions(
    life: Life,
    name: str,
    wanted: t.Callable[[dict[str, str]], bool],
    revoked: t.Collection[tuple[str, str]] = (("Jane Doe", "Planner"), ("Ada Stone", "Badge")),
    sheets: str = "sheets",
    by: str = "",
) -> None:
    decided = []
    for sheet in sorted((life.path / sheets).glob("*.csv")):
        with sheet.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                word = "revoke" if (row["person"], row["app"]) in revoked else "keep"
                if wanted(row):
                    decided.append({**row, "decision": word, "reason": "reviewed", "by": by or row["reviewer"]})
    (life.path / name).parent.mkdir(parents=True, exist_ok=True)
    with (life.path / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, decided[0].keys())
        writer.writeheader()
        writer.writerows(decided)


def _apps_drift(life: Life) -> None:
    """Somebody loses a group behind our back, somebody is renamed, somebody new begins."""
    mail = life.world.tenant("mail")
    ada = next(holder for holder in mail.holders() if holder.username == "ada.stone")
    mail.change(f"Groups/{mail.group_ids()['Everyone']}", {"op": "remove", "path": f'members[value eq "{ada.id}"]'})
    life.edit(PEOPLE, ("2,Jane,Doe,", "2,Jane,Dow,"))
    text = (life.path / PEOPLE).read_text(encoding="utf-8")
    life.write(PEOPLE, f"{text}5,Dov,Hart,dov.hart@acme.example,Seller,Sales,1,2026-06-08,,employee\n")


def _cleo_leaves(life: Life) -> None:
    life.edit(PEOPLE, ("Seller,Sales,1,2026-06-01,,", "Seller,Sales,1,2026-06-01,2026-06-17,"))
    life.world.planner.sign_in("u2")
    life.world.planner.give_property("u2")


def _manager_chooses(life: Life) -> None:
    life.world.desk.owners.add(OWNER)
    life.world.reply("Say who takes over what Cleo Marsh", "mail mailbox: jane.doe@acme.example", OTHER)


def _glass_is_broken_on_friday(life: Life) -> None:
    """Nobody ends it: the next reconcile does."""
    life.playbook("2026-06-05T15:00:00+00:00", *GLASS).succeeded()
    _apps_drift(life)


def _stages_begin(life: Life) -> None:
    life.playbook("2026-06-09T06:00:00+00:00", "open_review", *STAGES).succeeded()


def _an_owner_takes_away(life: Life) -> None:
    """Of what came to the second stage, one thing goes in an app, and one by hand."""
    life.playbook("2026-06-11T08:00:00+00:00", *DAILY).succeeded()
    revoked = {("Dov Hart", "Chat"), ("Cleo Marsh", "Badge")}

    def wanted(row: dict[str, str]) -> bool:
        return (row["person"], row["app"]) in revoked

    _write_decisions(life, "inbox/q3/sal.csv", wanted, revoked, "sheets3", SAL)


def _the_owner_declines(life: Life) -> None:
    """What the move took from Cleo is done, what the review takes is not."""
    desk = life.world.desk
    moved, reviewed = life.world.tickets("Take some of Cleo Marsh's access to Badge")
    desk.type_in(desk.by_reference(moved), OWNER, "done")
    desk.type_in(desk.by_reference(reviewed), OWNER, "declined\nshe needs it until she leaves")
    life.playbook("2026-06-16T08:00:00+00:00", "tasks").succeeded()
    life.playbook("2026-06-16T09:00:00+00:00", *DAILY).succeeded()


def _a_token_came(life: Life) -> None:
    """The manager takes the token from the mail that warned them."""
    texts = [text for to, _title, text in life.world.post.messages if to == ADA and "extend: " in text]
    ((token, until),) = read_extensions(texts[-1].splitlines())
    life.write("extend.yml", f"rollcall_token: {token}\nrollcall_until: {until}\nrollcall_by: ada.stone\n")


def _a_pack_is_there(life: Life) -> None:
    """The one that is made takes the place of an earlier one."""
    (evidence,) = (day for day in DAYS if day.name == "evidence")
    life.playbook("2026-06-22T10:30:00+00:00", *evidence.arguments).succeeded()


GLASS = (
    "break_glass",
    "-e",
    "{rollcall_person: jane.doe, rollcall_grant: 'mail:admin', rollcall_hours: '2', rollcall_reason: The mail is down}",
)
STAGES = (
    "-e",
    "{rollcall_review: q3, rollcall_scope: {apps: [chat, badge]}, rollcall_undecided: keep, "
    "rollcall_directory: sheets3, rollcall_stages: [{reviewer: manager, due: 2026-06-10}, "
    "{reviewer: app_owner, due: 2026-06-12}]}",
)
DAILY = (
    "reviews",
    "-e",
    "{rollcall_decisions: inbox, rollcall_close: true, rollcall_directory: evidence}",
)
REVIEW = ("-e", "rollcall_review=q2", "-e", "rollcall_reviewer=manager", "-e", "rollcall_directory=sheets")
CLOSE = ("-e", "rollcall_review=q2", "-e", "rollcall_early=true", "-e", "rollcall_directory=evidence/q2")

#: What is there before the first run is killed.
BEFORE = Day("before", "2026-05-29T09", ("onboard",))
DAYS = (
    Day("onboard", "2026-06-01T09", ("onboard",), _somebody_begins),
    Day("tasks", "2026-06-02T09", ("tasks", "-e", "rollcall_sheet=open.csv"), _owners_answer),
    Day(
        "request_access",
        "2026-06-02T10",
        (
            "request_access",
            "-e",
            "{rollcall_app: chat, rollcall_entitlements: [user], rollcall_person: ada.stone, "
            "rollcall_requested_by: ada.stone, rollcall_reason: The board, rollcall_days: '20'}",
        ),
    ),
    Day("tasks_approved", "2026-06-03T09", ("tasks",), _approvers_agree),
    Day("break_glass", "2026-06-03T10", GLASS),
    Day("end_break_glass", "2026-06-03T13", ("end_break_glass",)),
    Day("move", "2026-06-04T09", ("move",), _cleo_sells),
    Day("open_review", "2026-06-05T06", ("open_review", *REVIEW)),
    Day("reviews", "2026-06-05T08", ("reviews", "-e", "rollcall_decisions=inbox"), _a_sheet_comes_in),
    Day(
        "close_review",
        "2026-06-05T10",
        ("close_review", "-e", "rollcall_decisions=decisions.csv", *CLOSE),
        _reviewers_decide,
    ),
    Day("reconcile", "2026-06-08T09", ("reconcile",), _glass_is_broken_on_friday),
    Day(
        "reassign_review",
        "2026-06-09T07",
        (
            "reassign_review",
            "-e",
            "{rollcall_review: q3, rollcall_whose: ada.stone, rollcall_to: it@acme.example, rollcall_reason: Ill}",
        ),
        _stages_begin,
    ),
    Day("reviews_daily", "2026-06-10T08", DAILY),
    Day("reviews_escalate", "2026-06-12T12", DAILY, _an_owner_takes_away),
    Day("reviews_over", "2026-06-15T09", DAILY),
    Day("tasks_late", "2026-06-15T11", ("tasks",)),
    Day(
        "explain_review",
        "2026-06-16T10",
        ("explain_review", "-e", "{rollcall_review: q3, rollcall_reason: She leaves on Wednesday}"),
        _the_owner_declines,
    ),
    Day("extend", "2026-06-16T11", ("extend", "-e", "@extend.yml"), _a_token_came, once="it was used already"),
    Day("offboard", "2026-06-18T09", ("offboard",), _cleo_leaves),
    Day("tasks_leaving", "2026-06-19T11", ("tasks",), _manager_chooses),
    Day(
        "emergency_offboard",
        "2026-06-22T09",
        ("emergency_offboard", "--limit", "jane.doe", "-e", "rollcall_reason=stolen"),
    ),
    Day("discover", "2026-06-22T10", ("discover",)),
    Day(
        "evidence",
        "2026-06-22T11",
        (
            "evidence",
            "-e",
            "{rollcall_from: 2026-06-01, rollcall_until: 2026-06-21, rollcall_directory: pack, rollcall_seed: s, "
            "rollcall_sample: 2}",
        ),
        _a_pack_is_there,
    ),
)
