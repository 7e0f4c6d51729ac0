# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company whose HR, apps and owners write nothing but hostile texts, through every playbook, shown at -vvvv.

Nothing is evaluated, nothing breaks, and no secret is found in anything that is said, written, or left behind.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import typing as t

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.rollcall.access.tests.conformance.markdown_page import alive
from ansible_collections.rollcall.access.tests.integration.support import scim as scim_support
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome, Running, descendants
from ansible_collections.rollcall.access.tests.integration.support.scim import scim_server
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, prepare, rows
from ansible_collections.rollcall.access.tests.integration.test_reviewers_pages import data_of, saved
from ansible_collections.rollcall.access.tests.security.canaries import betrayed, betraying_files, plain_canary, traces
from ansible_collections.rollcall.access.tests.security.payloads import Shape, evaluated_below, evaluated_in, payloads

VAULTED, FROM_ENVIRONMENT, ROUTE = (plain_canary(place) for place in ("group_vars", "environment", "notification"))
PASSWORD = plain_canary("vault password")
SECRETS = (PASSWORD, plain_canary("a wrong token in a task"), scim_support.TOKEN, VAULTED, FROM_ENVIRONMENT, ROUTE)
HEAD = "id,first,last,email,title,department,location,manager,start,end,type,a1,a2,a3,a4,a5,a6,a7"
#: One account on this host, and from another one; with an app that answers, and one that is not there.
ACCOUNTS = """
- hosts: localhost,far
  gather_facts: false
  module_defaults:
    group/rollcall.access.all:
      config: rollcall.yml
  tasks:
    - rollcall.access.scim_account: {app: chat, person: cleo.marsh, entitlements: [user]}
    - rollcall.access.scim_account: {app: gone, person: cleo.marsh, entitlements: [user]}
      ignore_errors: true
    - rollcall.access.scim_account:
        app: mail
        person: ada.stone
        entitlements: [member]
        connection: {token: "{{ wrong }}"}
      ignore_errors: true
"""
WRONG = plain_canary("a wrong token in a task")
#: What proves afterwards: gaps, a comparison with what is in git, the auditor's pack, and answers to questions.
PROOF = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/rollcall.access.all:
      config: rollcall.yml
  tasks:
    - rollcall.access.gaps: {directory: gaps}
    - rollcall.access.compare: {from: HEAD, directory: compared}
    - rollcall.access.evidence:
        {first: "<since>", last: "<until>", directory: pack, sample: 3, seed: x, sample_of: people}
    - rollcall.access.ask:
        question: "{{ item.split('.')[0] }}"
        since: "{{ '<since>' if 'e' in item.split('.')[2:] else omit }}"
        person: "{{ 'dov.hart' if 'p' in item.split('.')[2:] else omit }}"
        file: "answers/{{ item.split('.')[0] }}.{{ item.split('.')[1] }}"
      loop:
        [exceptions.csv, policy.json.e, reviews.csv.e, review_doubts.csv.e, tasks.csv, nobodys.csv,
         story.csv.p, why.json.p]
"""
BREAK_GLASS = """
break_glass:
  - {id: on-call, why: Somebody mends the mail, when: {department: Engineering}, grant: {mail: [admin]}, at_most: 4h}
"""
#: names of files that somebody puts among the decisions
NAMES = ("{{ 7919*7907 }}.json", "$(touch pwned).csv", "x\nFORGED-LINE.json", "\x1b[2J.yml", "=1+1.csv", "<b>.json")
CONNECTIONS = pathlib.Path(scim_support.__file__).parent / "connection"
#: what a CSV file of HR cannot hold, or what the reader of HR strips
UNFIT = re.compile(r"[\x00\ud800-\udfff]")


def people() -> str:
    """Return HR's file: the twelve of the small company, and as many more as it takes to hold every text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEAD.split(","))
    for line in (TEMPLATE / "hr/people.csv").read_text(encoding="utf-8").splitlines()[1:]:
        writer.writerow([*line.split(","), *[""] * 7])
    texts = [text for text in payloads() if not UNFIT.search(text)]
    for number in range(0, len(texts), 10):
        title, department, location, *more = [*texts[number : number + 10], *[""] * 10][:10]
        # what is no name is refused as such, so that names are plain here
        last = "".join(chr(ord("a") + int(digit)) for digit in str(number)).title()
        at = f"person{number}@small.example"
        dates = ["1", "2020-01-01", "", "employee"]
        writer.writerow([str(1000 + number), "Person", last, at, title, department, location, *dates, *more])
    return out.getvalue()


class Watch:
    """Looks at the command lines of everything that a run starts, as anybody on the machine may."""

    def __init__(self, running: Running) -> None:
        self.lines: set[str] = set()
        self._pid = running.process.pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._done.is_set():
            for pid in (self._pid, *descendants(self._pid)):
                try:
                    self.lines.add(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())
                except (OSError, UnicodeDecodeError):
                    continue
            time.sleep(0.2)

    def end(self) -> str:
        self._done.set()
        self._thread.join()
        return "\n".join(self.lines)


class Place:
    """The company, with everything that its runs said."""

    def __init__(self, company: CompanyDirectory, folder: pathlib.Path) -> None:
        self.company, self.folder = company, folder
        self.said: list[str] = []
        self.ran: set[str] = set()
        self.commands = ""

    def run(
        self, name: str, *arguments: str, may_fail: bool = False, env: t.Mapping[str, str] | None = None
    ) -> Outcome:
        running = self.company.start_playbook(name, "-vvvv", *arguments, env=env or {})
        watch = Watch(running)
        outcome = running.wait(300)
        self.commands += watch.end()
        self.said.append(outcome.output)
        self.ran.add(name)
        assert outcome.rc in ((0, 2) if may_fail else (0,)), outcome.output[-4000:]
        assert "Traceback (most recent call last)" not in outcome.output
        return outcome


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Place]:
    """The company after all of its runs: whichever test comes first, and in whichever process."""
    folder = tmp_path_factory.mktemp("hostile")
    with scim_server() as server:
        company = prepare(CompanyDirectory(TEMPLATE, folder, server))
        _make(company, folder)
        place = Place(company, folder)
        _go_through_every_playbook(place)
        yield place


def _exceptions() -> t.Iterator[dict[str, t.Any]]:
    """Every text that somebody may write as the reason of an exception, some in each."""
    today = dt.datetime.now(dt.timezone.utc).date()
    texts = [text for text in payloads() if text.strip() and len(text) < 500 and not UNFIT.search(text)]
    days = {"from": str(today - dt.timedelta(days=9)), "until": str(today + dt.timedelta(days=30))}
    for number in range(0, len(texts), 20):
        yield {
            "id": f"hostile-{number}",
            "person": "kim.wolf",
            "grant": {"chat": ["user"]},
            "reason": " | ".join(texts[number : number + 20]),
            "requested_by": "kim.wolf",
            "approved_by": "gia.vale",
            **days,
        }


def _vaulted(text: str) -> str:
    """Return a value as ``ansible-vault encrypt_string`` writes it; ``ansible-inventory`` shows no more of it."""
    encrypted = VaultLib().encrypt(text, VaultSecret(PASSWORD.encode())).decode()
    return "!vault |\n" + "".join(f"  {line}\n" for line in encrypted.splitlines())


def _make(company: CompanyDirectory, folder: pathlib.Path) -> None:
    company.write("hr/people.csv", people())
    text = company.read("rollcall.yml")
    text += f"notifications:\n  routes:\n    security: jsons://rollcall:{ROUTE}@127.0.0.1:9/\n"
    company.write("rollcall.yml", text)
    # one app's secret comes from group_vars, one app is not there and has its secret from the environment
    catalog = company.read("access/catalog/apps.yml")
    token = "token: \"{{ lookup('env', 'SCIM_TOKEN') }}\""
    first, second, rest = catalog.split(token)
    catalog = f'{first}{token}{second}token: "{{{{ vault_chat_token }}}}"{rest}'
    catalog += """
  gone:
    name: Gone
    connector: scim
    connection:
      base_url: http://127.0.0.1:9/v2
      token: "{{ lookup('env', 'GONE_TOKEN') }}"
      headers: {X-Own: "{{ vault_header }}"}
      read_attempts: 1
    owners: {primary: gone.owner@small.example}
    entitlements:
      user: {kind: role, value: user, rank: 1}
"""
    company.write("access/catalog/apps.yml", catalog)
    variables = {"vault_chat_token": scim_support.TOKEN, "vault_header": VAULTED}
    company.write("group_vars/all.yml", "".join(f"{name}: {_vaulted(value)}" for name, value in variables.items()))
    (folder / "vault-password").write_text(PASSWORD)
    company.write("access/policy/glass.yml", BREAK_GLASS)
    company.write("access/exceptions/hostile.yml", yaml.safe_dump({"exceptions": list(_exceptions())}))
    rules = company.read("access/policy/rules.yml").replace(
        "    badge: [front-door]", "    badge: [front-door]\n    gone: [user]"
    )
    company.write("access/policy/rules.yml", rules)
    # accounts and groups of nobody that we know, in an app
    chat = company.tenant("chat")
    seen: set[str] = set()
    users = []
    for number, text in enumerate(payloads()[::4]):
        if text.strip() and text.casefold() not in seen:
            seen.add(text.casefold())
            users.append(
                {"userName": text, "displayName": text, "name": {"familyName": text}, "externalId": f"x{number}"}
            )
    for user in users:
        try:
            chat.call("POST", "Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], **user})
        except AssertionError:
            continue  # the server itself does not take it
    temporary = folder / "tmp"
    temporary.mkdir()
    company.env |= {
        "GONE_TOKEN": FROM_ENVIRONMENT,
        "ANSIBLE_VAULT_PASSWORD_FILE": str(folder / "vault-password"),
        "TMPDIR": str(temporary),
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "cache"),
        "ANSIBLE_INVENTORY_CACHE": "1",
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_DIFF_ALWAYS": "1",
        "ANSIBLE_DEBUG": "1" if os.environ.get("ROLLCALL_SOAK") else "0",
    }


def test_a_company_of_hostile_texts_goes_through_every_playbook(place: Place) -> None:
    assert {"onboard", "tasks", "open_review", "decide_review", "close_review", "report", "offboard"} <= place.ran
    assert {"break_glass", "verify_ledger", "accounts.yml", "proof.yml"} <= place.ran
    assert len(place.said) > len(place.ran)


def _go_through_every_playbook(place: Place) -> None:
    company = place.company
    strangers = {user["userName"]: user for user in company.tenant("chat").resources("Users")}
    assert len(strangers) > 80
    listed = company.command("ansible-inventory", "-i", "rollcall.yml", "--list", "-vvvv").succeeded()
    exported = company.command("ansible-inventory", "-i", "rollcall.yml", "--list", "--export", "--yaml").succeeded()
    place.said += [listed.output, exported.output]
    assert len(company.inventory()["people"]["hosts"]) > 45
    # one app is not there: everything else is done, and the run says what is left
    onboarded = place.run("onboard", may_fail=True)
    assert "gone" in onboarded.output
    # people of every text have their account, and nobody else's was touched
    accounts = rows(company, "accounts")
    assert {row["person"] for row in accounts if row["app"] == "mail"} >= {"1000", "1010", "1020"}
    after = {user["userName"]: user for user in company.tenant("chat").resources("Users")}
    assert {name: after.get(name) for name in strangers} == strangers
    _answer(place)
    _accounts(place)
    asked = {"rollcall_review": "hostile", "rollcall_directory": "sheets", "rollcall_scope": {"apps": ["chat", "mail"]}}
    # what nobody decides stays: otherwise the guard would stop the closing
    asked |= {"rollcall_undecided": "keep"}
    place.run("open_review", "-e", json.dumps(asked))
    _review(place)
    place.run("report", "-e", "rollcall_directory=report")
    company.write(
        "hr/people.csv",
        company.read("hr/people.csv").replace("2020-01-01,,employee", "2020-01-01,2024-01-31,employee", 3),
    )
    place.run("offboard", "--check", may_fail=True)
    place.run("offboard", may_fail=True)
    _break_the_glass(place)
    _prove(place)
    place.run("verify_ledger", "-e", "rollcall_directory=evidence")
    place.run("verify_ledger", "-e", "rollcall_against=evidence")


def _accounts(place: Place) -> None:
    """One module for one account. What is sent to another host lies there while it runs, and is not kept here."""
    place.company.write("accounts.yml", ACCOUNTS)
    place.company.write("wrong.yml", f"wrong: {_vaulted(WRONG)}")
    # the Python that runs the tests has what a connector needs
    python = {"ansible_python_interpreter": sys.executable}
    away = {**python, "ansible_connection": "far", "ansible_remote_tmp": str(place.folder / "remote")}
    place.company.write("far.yml", json.dumps({"all": {"hosts": {"far": away}}}))
    env = {"ANSIBLE_CONNECTION_PLUGINS": str(CONNECTIONS), "ANSIBLE_KEEP_REMOTE_FILES": "0"}
    outcome = place.run("accounts.yml", "-i", "far.yml", "-e", "@wrong.yml", env=env)
    assert {task.host for task in outcome.tasks if task.state == "ok"} == {"localhost", "far"}


def _review(place: Place) -> None:
    """Reviewers decide with hostile reasons, on their page and in their sheet; others hand in what is none."""
    company, texts = place.company, [text for text in payloads() if len(text) < 500 and not UNFIT.search(text)]
    gia, ada = "gia.vale@small.example", "ada.stone@small.example"

    def answer(_person: str, _what: str, number: int) -> dict[str, str]:
        return {"decision": "revoke" if number == 2 else "keep", "reason": texts[number * 11 % len(texts)]}

    company.write("decided/decisions-gia.json", saved(data_of(company.read(f"sheets/{gia}.html")), answer, 20.0))
    with (company.path / f"sheets/{ada}.csv").open(encoding="utf-8", newline="") as file:
        sheet = list(csv.DictReader(file))
    for name, columns in (("ada", ("reason",)), ("wrong", ("reason", "decision", "change_to", "by", "person"))):
        for number, row in enumerate(sheet):
            row.update(decision="keep", by=ada)
            row.update({column: texts[(number * 5 + len(column)) % len(texts)] for column in columns})
        out = io.StringIO()
        writer = csv.DictWriter(out, sheet[0])
        writer.writeheader()
        writer.writerows(sheet)
        company.write(f"decided/{name}.csv", out.getvalue())
    for name in NAMES:
        company.write(f"decided/{name}", "[")
    given = ("-e", "rollcall_review=hostile")
    taken = place.run("decide_review", *given, "-e", "rollcall_decisions=decided", may_fail=True)
    assert f"{len(NAMES) + 1} of {len(NAMES) + 3} files were not taken" in taken.output
    decided = [row for row in rows(company, "review_items") if row["decided_by"]]
    assert {row["decided_by"] for row in decided} == {gia, ada}
    assert {row["reason"] for row in decided} & set(texts)
    place.run("close_review", *given, "-e", "rollcall_early=true", "-e", "rollcall_directory=record", may_fail=True)


def _prove(place: Place) -> None:
    company = place.company
    (company.path / "answers").mkdir()
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "access", "rollcall.yml"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], cwd=company.path, check=True)
    company.replace("access/policy/rules.yml", "grant: {mail: [sales], chat: [user]}", "grant: {mail: [sales]}")
    today = dt.datetime.now(dt.timezone.utc).date()
    days = {"<since>": str(today - dt.timedelta(days=5)), "<until>": str(today)}
    company.write("proof.yml", re.sub("<since>|<until>", lambda found: days[found[0]], PROOF))
    proof = place.run("proof.yml")
    assert {task.action.rpartition(".")[2] for task in proof.tasks if task.state == "ok"} == {
        "gaps",
        "compare",
        "evidence",
        "ask",
    }


def _break_the_glass(place: Place) -> None:
    company = place.company
    said = "".join(text for text in payloads() if len(text) < 200 and not UNFIT.search(text))
    # a text from a survey: AWX hands those on as what is not to be filled in
    company.write("reason.yml", "rollcall_reason: !unsafe " + yaml.safe_dump(said, default_style='"', width=10**9))
    glass = ("-e", "rollcall_person=dov.hart", "-e", "rollcall_grant=mail:admin", "-e", "@reason.yml")
    place.run("break_glass", *glass, may_fail=True)
    (taken,) = [row for row in rows(company, "events") if row["kind"] == "break_glass.given"]
    assert "{{ 7919 * 7907 }}" in json.loads(taken["data"])["reason"]


def _answer(place: Place) -> None:
    """Owners answer with hostile notes."""
    company = place.company
    company.playbook("tasks", "-e", "rollcall_sheet=open.csv").succeeded()
    with (company.path / "open.csv").open(encoding="utf-8-sig", newline="") as file:
        sheet = list(csv.DictReader(file))
    assert len(sheet) > 40
    texts = payloads()
    for number, row in enumerate(sheet):
        row["done"] = "yes"
        row["by"] = row["owner"]
        row["note"] = UNFIT.sub("", texts[number * 7 % len(texts)]) or "x"
    out = io.StringIO()
    writer = csv.DictWriter(out, sheet[0].keys())
    writer.writeheader()
    writer.writerows(sheet)
    company.write("answers.csv", out.getvalue())
    place.run("tasks", "-e", "rollcall_answers=answers.csv", "-e", "rollcall_sheet=open2.csv")


def test_nothing_was_evaluated(place: Place) -> None:
    assert place.said
    for said in place.said:
        # a file's own lines end as they like; what counts is what a terminal would obey
        assert evaluated_in(said.replace("\r\n", "\n"))[:5] == []
    assert evaluated_below(place.company.path) == []
    assert evaluated_below(place.folder / "tmp") == []


def test_no_export_holds_a_formula_and_the_page_nothing_that_a_text_brought(place: Place) -> None:
    ours = {"report", "sheets", "record", "gaps", "tables", "answers"}
    sheets = [path for path in place.company.path.rglob("*.csv") if path.parent.name in ours]
    assert {path.parent.name for path in sheets} == ours
    for path in (*sheets, place.company.path / "open2.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        formulas = [cell for cell in cells if re.match(r"\s*[=+@＝＋－＠]|\s*-(?![\d.]+$)|[\t\r]", cell)]  # noqa: RUF001
        assert formulas == [], path
    pages = list(place.company.path.rglob("*.html"))
    assert pages
    for path in pages:
        shape = Shape(path.read_text(encoding="utf-8"))
        assert not any(name.startswith("on") for _tag, names in shape.elements for name in names)
        assert not {tag for tag, _names in shape.elements} & {
            "iframe",
            "object",
            "embed",
            "base",
            "img",
            "video",
            "math",
        }
        assert not any(
            re.match(r"\s*(javascript|vbscript|data|https?|//)", lead, re.IGNORECASE) for lead in shape.leads
        )


def test_a_comment_for_a_pull_request_holds_no_markup_that_a_text_brought(place: Place) -> None:
    text = place.company.read("compared/compare.md")
    assert "lose" in text
    outside = alive(text)
    assert not re.search(r"@\w|#\d|https?:|<", outside), outside


def test_no_secret_is_in_anything_that_was_said_or_written(place: Place) -> None:
    assert betrayed("\n".join(place.said), SECRETS) == []
    assert betrayed(place.commands, SECRETS) == []
    assert "ansible-playbook" in place.commands
    # what the user wrote themselves is where they wrote it
    assert betraying_files(place.company.path, SECRETS, but=("rollcall.yml",)) == []
    # with which pages, tokens, packs and checkpoints are signed
    key = (place.company.path / "ledger.db.key").read_text()
    assert len(traces(key)) == 1
    assert betrayed("\n".join([*place.said, place.commands]), [key]) == []
    assert betraying_files(place.company.path, [key], but=("ledger.db.key",)) == []
    own = ("company", "vault-password")
    ansible = [path for path in place.folder.iterdir() if path.name not in own]
    assert {"ansible.log", "tmp"} <= {path.name for path in ansible}
    for path in ansible:
        if path.is_dir():
            assert betraying_files(path, SECRETS) == []
        else:
            assert betrayed(path.read_text(encoding="utf-8", errors="replace"), SECRETS) == []
