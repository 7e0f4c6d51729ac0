# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HR's webhooks, over HTTP, into ansible-rulebook with our source and rulebook, and out into a company's apps.

ansible-rulebook comes from PyPI, its rule engine from Debian's Java.
"""

from __future__ import annotations

import contextlib
import pathlib
import socket
import subprocess
import sys
import time
import typing as t

import pytest
import requests
import yaml
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import environment
from ansible_collections.rollcall.access.tests.integration.support.scim import TOKEN, Holder, ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import onboarded, rows
from ansible_collections.rollcall.access.tests.unit.events.listening import GENERIC, Signed, from_others

RULEBOOK = pathlib.Path(__file__).resolve().parents[2] / "extensions/eda/rulebooks/hr_events.yml"
EMERGENCY = "whsec_Zm9yIGVtZXJnZW5jaWVzIG9ubHksIG9mIGNvdXJzZQ=="


class Events:
    """ansible-rulebook, listening for HR and for emergencies."""

    def __init__(self, company: CompanyDirectory, ports: tuple[int, int], log: pathlib.Path) -> None:
        self.company = company
        self.hr, self.emergency = (f"http://127.0.0.1:{port}/" for port in ports)
        self._log = log

    @property
    def said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def tell(self, type: str, person: str, *, id: str, secret: str = GENERIC) -> int:
        """Send HR's webhook; return the status of the answer."""
        return self.send(from_others({"type": type, "data": {"person": person}}, id=id, secret=secret))

    def send(self, signed: Signed, url: str = "") -> int:
        return requests.post(url or self.hr, data=signed[0], headers=signed[1], timeout=60).status_code

    def runs(self) -> int:
        """Return how many playbooks have ended."""
        return self.said.count("PLAY RECAP")

    def wait_for(self, what: t.Callable[[], bool], seconds: float = 300) -> None:
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, self.said[-6000:]
            time.sleep(0.5)

    def account(self, app: str, person: str) -> Holder | None:
        holders = self.company.tenant(app).holders()
        return next((one for one in holders if one.username.startswith(person) or one.email.startswith(person)), None)

    def is_usable(self, app: str, person: str) -> bool:
        account = self.account(app, person)
        return account is not None and account.active


def shortened(text: str) -> str:
    """Return the rulebook with shorter times: what they are for is the same."""
    for old, new in (("once_after: 30 seconds", "once_after: 3 seconds"), ("delay: 30", "delay: 1")):
        assert text.count(old) == 3
        text = text.replace(old, new)
    return text


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        for probe in (one, two):
            probe.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


@contextlib.contextmanager
def listening(company: CompanyDirectory, home: pathlib.Path) -> t.Iterator[Events]:
    """Start ansible-rulebook as docs/events.md has it, in a folder that is not the company's."""
    home.mkdir()
    ports = free_ports()
    variables = {"rollcall_events_port": ports[0], "rollcall_emergency_port": ports[1]}
    for name, secret in (("events", GENERIC), ("emergency", EMERGENCY)):
        (home / f"{name}.secret").write_text(secret, encoding="utf-8")
        variables |= {
            f"rollcall_{name}_secret_file": str(home / f"{name}.secret"),
            f"rollcall_{name}_memory": str(home / f"{name}.db"),
        }
    (home / "variables.yml").write_text(yaml.safe_dump(variables), encoding="utf-8")
    (home / "rulebook.yml").write_text(shortened(RULEBOOK.read_text(encoding="utf-8")), encoding="utf-8")
    pointer = {"plugin": "rollcall.access.people", "settings": str(company.path / "rollcall.yml")}
    (home / "rollcall.yml").write_text(yaml.safe_dump(pointer), encoding="utf-8")
    program = pathlib.Path(sys.executable).with_name("ansible-rulebook")
    log = home / "log"
    env = environment(home, company.path, company.env)
    env["PATH"] = f"{program.parent}:{env['PATH']}"
    command = [str(program), "--rulebook", "rulebook.yml", "-i", "rollcall.yml", "--vars", "variables.yml", "--verbose"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=home, env=env, stdout=output, stderr=subprocess.STDOUT)
        try:
            events = Events(company, ports, log)
            events.wait_for(lambda: process.poll() is not None or events.said.count("listening on") == 2)
            assert process.poll() is None, events.said
            yield events
            assert process.poll() is None, events.said
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory, scim: ScimServer) -> t.Iterator[Events]:
    place = tmp_path_factory.mktemp("events")
    company = onboarded(place, scim)
    with listening(company, place / "rulebook") as listener:
        yield listener


def test_a_storm_of_events_about_a_joiner_is_one_run(events: Events) -> None:
    assert not events.is_usable("mail", "mia.hale")
    assert [events.tell("joined", "13", id=f"storm-{number}") for number in range(10)] == [200] * 10
    events.wait_for(lambda: events.is_usable("mail", "mia.hale") and events.is_usable("chat", "mia.hale"))
    # a second storm is one more: what HR said after the first run began is looked at
    assert [events.tell("joined", "13", id=f"second-{number}") for number in range(10)] == [200] * 10
    events.wait_for(lambda: events.runs() >= 2)
    assert events.runs() == 2
    assert len([one for one in events.company.tenant("mail").holders() if one.username.startswith("mia.hale")]) == 1


def test_a_wrong_signature_and_a_replay_do_nothing_and_a_leaver_loses_everything(events: Events) -> None:
    runs = events.runs()
    assert events.tell("left", "12", id="forged", secret=EMERGENCY) == 401
    replayed = from_others({"type": "joined", "data": {"person": "13"}}, id="storm-1")
    assert events.send(replayed) == 200
    assert events.is_usable("mail", "lou.ash")
    assert events.tell("left", "12", id="true") == 200
    events.wait_for(lambda: not events.is_usable("mail", "lou.ash") and not events.is_usable("chat", "lou.ash"))
    events.wait_for(lambda: events.runs() > runs)
    assert events.runs() == runs + 1
    # nobody else was touched by a run that was limited to one person
    assert events.is_usable("mail", "ada.stone")
    assert events.account("chat", "cleo.marsh") is not None


def test_a_change_is_followed_whatever_it_turns_out_to_be(events: Events) -> None:
    cleo = events.account("mail", "cleo.marsh")
    assert cleo is not None
    assert "Sales" not in cleo.groups
    assert events.tell("changed", "3", id="cleo-moves") == 200
    events.wait_for(lambda: "Sales" in (events.account("mail", "cleo.marsh") or cleo).groups)


def test_an_event_about_nobody_fails_by_itself_and_stops_nothing(events: Events) -> None:
    assert events.tell("joined", "404", id="nobody") == 200
    events.wait_for(lambda: "nobody has the id of --limit hr_id_404" in events.said)
    runs = events.runs()
    assert events.tell("changed", "1", id="after-nobody") == 200
    events.wait_for(lambda: events.runs() > runs)


def test_an_emergency_needs_its_own_secret_and_cuts_off_at_once(events: Events) -> None:
    order = {"type": "emergency", "data": {"person": "4"}}
    assert events.send(from_others(order, id="to-hr")) == 200
    assert events.send(from_others(order, id="hr-secret"), events.emergency) == 401
    assert events.send(from_others(order, id="order", secret=EMERGENCY), events.emergency) == 200
    events.wait_for(lambda: not events.is_usable("mail", "dov.hart") and not events.is_usable("chat", "dov.hart"))
    events.wait_for(lambda: any(row["person"] in ("4", "dov.hart") for row in rows(events.company, "locks")))
    assert events.is_usable("mail", "ada.stone")


def test_no_secret_is_in_what_ansible_rulebook_says(events: Events) -> None:
    said = events.said
    assert "hr_events: generic" in said
    for secret in (GENERIC, EMERGENCY, TOKEN):
        assert secret not in said
