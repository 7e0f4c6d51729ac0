# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory: people and apps become hosts, what they are becomes groups."""

from __future__ import annotations

DOCUMENTATION = r"""
name: people
short_description: People and apps as hosts, from HR, the policy and the ledger
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - Reads people from HR, holds them against the ledger and the policy, and makes one host per person and one per app.
  - People are in the groups C(people), C(joiners), C(movers), C(leavers), C(active), C(contractors), C(locked),
    C(department_*), C(title_*), C(location_*), C(manager_*) and C(entitled_*). Apps are in C(apps), C(connector_*) and C(tier_*).
  - Each person has one variable C(person), each app one variable C(app), which never holds its credentials.
  - Values that HR supplies are data and are never evaluated as templates.
  - When HR cannot be read, everyone is there from the ledger, marked stale, and nobody is a joiner, mover or leaver. A
    feed that is wrong or that the guard stops ends the whole run with an error, whatever C(any_unparsed_is_failed) says.
notes:
  - With C(--limit) naming hosts only, the others are not built. When people come from one CSV file, they are not even made; all of the feed is checked.
  - Where only C(rollcall.access.reconcile) or C(rollcall.access.discover) is played, people are no hosts and C(people) is empty, unless
    C(--limit) names anything but apps. They play over apps, and the people are data to them.
  - Where only C(rollcall.access.ask) is played, there is no host but localhost, and HR is not read.
  - C(--limit hr_id_1042) names the person to whom HR gave the id 1042. Every character of an id that is no letter and no digit is
    written as an underscore and two hex digits.
  - A file that has only C(plugin) and C(settings), the whole path of a company's C(rollcall.yml), stands for that one. It is for
    programs that copy the inventory elsewhere, such as ansible-rulebook.
  - To act on somebody while the feed is stopped, use the playbook C(rollcall.access.emergency_offboard), or set
    E(ROLLCALL_HR=ledger) to work from the ledger.
extends_documentation_fragment:
  - constructed
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [rollcall.access.people]
  sources:
    description:
      - Where people come from, merged in this order. A later source adds people or fills gaps and never blanks a value.
      - The C(type) of each is one of C(csv), C(yaml), C(json), C(sql) and C(ldap), of the HR systems C(bamboohr), C(workday), C(adp), C(hibob),
        C(personio) and C(rippling), of the directories C(okta), C(entra) and C(scim), or C(rest) for any other interface. Each has options
        of its own, which the documentation of the collection lists.
      - Credentials may be templates. They are never shown, and are in no variable.
    type: list
    elements: dict
    required: true
  company:
    description: The company's name, for the report.
    type: str
  catalog:
    description: The directory of the app catalog, relative to this file.
    type: str
    default: access/catalog
  policy:
    description: The directory of the policy.
    type: str
    default: access/policy
  exceptions:
    description: The directory of time-bound exceptions.
    type: str
    default: access/exceptions
  locks:
    description: The directory of emergency locks.
    type: str
    default: access/locks
  ledger:
    description: The ledger, as an SQLAlchemy URL.
    type: str
    default: sqlite:///ledger.db
    env:
      - name: ROLLCALL_LEDGER
  normalise:
    description: Per attribute, HR's words and what the policy calls them.
    type: dict
  username:
    description: How a username is made, once per person.
    type: str
    default: "{first}.{last}"
  lead_time:
    description: How long before their start joiners appear, such as V(3d).
    type: str
    default: 3d
  working_day:
    description:
      - When a last day is over, as C(end) and C(timezone); with C(days), C(start), C(holidays) and C(country) also
        what counts towards the deadlines of tasks.
    type: dict
  as_of:
    description: Work out this day instead of today. Carried out only in a rehearsal.
    type: raw
    env:
      - name: ROLLCALL_AS_OF
  rehearsal:
    description: Whether this is a rehearsal, whose ledger refuses every other use.
    type: bool
    default: false
  guard:
    description: The limits beyond which a feed or a plan stops the run.
    type: dict
  fallback_owner:
    description: Who gets the tasks of apps without an owner that can be reached.
    type: str
  security:
    description: The address of the security team.
    type: str
  chasing:
    description: When owners of tasks are reminded, and when a task goes to the next one.
    type: dict
  reviews:
    description: How access reviews are run, as reminders, escalation, delegates, and what opens a small one by itself.
    type: dict
  notifications:
    description: How people are told, as C(routes) with Apprise URLs, and C(templates).
    type: dict
  evidence:
    description: The folder in which files that prove a task are kept.
    type: str
    default: evidence
  requests:
    description: The folder or file with requests for access.
    type: str
    default: access/requests
"""

EXAMPLES = r"""
# From an HR system
plugin: rollcall.access.people
sources:
  - type: bamboohr
    company: acme
    api_key: "{{ lookup('ansible.builtin.env', 'BAMBOOHR_KEY') }}"
ledger: sqlite:///ledger.db

---
# From files
plugin: rollcall.access.people
sources:
  - type: csv
    path: hr/employees.csv
    columns: {id: employee_id, email: work_email, title: job_title, start: hire_date, end: termination_date}
  - type: csv
    path: hr/contractors.csv
    set: {type: contractor}
catalog: access/catalog
policy: access/policy
ledger: sqlite:///ledger.db
username: "{first}.{last}"
lead_time: 3d
working_day: {end: "17:00", timezone: Europe/Amsterdam}
"""

import functools
import gc
import os
import pathlib
import re
import sys
import typing as t

# first, for what it does: what is imported after it is compiled once, and not in every run
import ansible_collections.rollcall.access.plugins.plugin_utils.compiled  # noqa: F401  # pylint: disable=unused-import
from ansible import context
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable
from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.hosts import Host, app_hosts, nobody, person_hosts
from ansible_collections.rollcall.access.plugins.module_utils.company.hr_ids import asked_by_id
from ansible_collections.rollcall.access.plugins.module_utils.company.narrowing import narrow
from ansible_collections.rollcall.access.plugins.module_utils.company.others import share_few
from ansible_collections.rollcall.access.plugins.module_utils.company.pointing import pointed_to
from ansible_collections.rollcall.access.plugins.module_utils.company.settings import Settings
from ansible_collections.rollcall.access.plugins.module_utils.errors import RollcallError
from ansible_collections.rollcall.access.plugins.module_utils.sources.glancing import without_collecting
from ansible_collections.rollcall.access.plugins.plugin_utils.about_apps import about_apps_only, from_ledger_only
from ansible_collections.rollcall.access.plugins.plugin_utils.templates import as_data, resolver

#: Ansible's own exit code for what it cannot parse.
PARSE_ERROR = 4

_PLAIN_NAMES = re.compile(r"[A-Za-z0-9._@-]+(,[A-Za-z0-9._@-]+)*")


class InventoryModule(BaseInventoryPlugin, Constructable):
    """Makes hosts and groups of people and apps."""

    NAME = "rollcall.access.people"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(("rollcall.yml", "rollcall.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        try:
            path = pointed_to(path)
            # before Ansible reads it: where Ansible cannot, it tries its other plugins, one of which takes an empty
            # file for an inventory without anybody, and the run ends with exit code 0
            settings = Settings.load(path)
            super().parse(inventory, loader, path, cache)
            self._read_config_data(path)
            self._build(path, settings)
        except RollcallError as error:
            self._stop(error)

    def _stop(self, error: RollcallError) -> t.NoReturn:
        """End the whole run.

        Ansible turns every exception of an inventory plugin into a warning and goes on with exit code 0 (unless it is
        configured not to), which for a stopped feed would look like "nobody left today". SystemExit is no Exception, so
        it ends the run in every configuration.
        """
        errors = [finding for finding in getattr(error, "findings", ()) if finding.severity == "error"]
        # all of them at once: whoever corrects a policy does not want to be told one mistake per run
        text = "\n  ".join([f"{len(errors)} errors:", *map(str, errors)]) if len(errors) > 1 else str(error)
        self.display.error(f"rollcall: {text}", wrap_text=False)
        raise SystemExit(PARSE_ERROR) from error

    def _build(self, path: str, settings: Settings) -> None:
        people, apps, by_id, stale = self._read(settings)
        for group, username in by_id.items():
            if not username:
                self.display.warning(f"rollcall: nobody has the id of --limit {group}, in HR or in the ledger")
        if stale:
            self.display.warning(
                f"rollcall: HR was not read, people come from the ledger and nobody joins, moves or leaves: {stale}"
            )
        wanted = _limit(people.keys() | apps.keys(), by_id)
        for group in (
            *("people", "joiners", "movers", "leavers", "active", "contractors", "locked", "apps"),
            *sorted({group for host in (*people.values(), *apps.values()) for group in host.groups}),
            *(group for group, username in by_id.items() if username),
        ):
            self.inventory.add_group(group)
        # nothing is ever connected to for a person or an app: the work is done where Ansible runs
        for group in ("people", "apps"):
            self.inventory.set_variable(group, "ansible_connection", "local")
            self.inventory.set_variable(group, "ansible_python_interpreter", sys.executable)
        self.inventory.set_variable("all", "rollcall_config", str(pathlib.Path(path).resolve()))
        self.inventory.set_variable("all", "rollcall_stale", as_data(stale))
        if _asks_only():
            # without any host Ansible warns that there is none, over each answer
            self.inventory.add_host("localhost")
            self.inventory.set_variable("localhost", "ansible_connection", "local")
            self.inventory.set_variable("localhost", "ansible_python_interpreter", sys.executable)
        strict, groups = self.get_option("strict"), self.inventory.groups
        constructed = self.get_option("compose"), self.get_option("groups"), self.get_option("keyed_groups")
        for hosts, variable in ((people, "person"), (apps, "app")):
            for name, host in hosts.items():
                if wanted is not None and name not in wanted:
                    continue
                self.inventory.add_host(name)
                made = self.inventory.hosts[name]
                # one dictionary at once: variable by variable takes several times as long for thousands of hosts
                made.vars[variable] = as_data(host.variables)
                for group in host.groups:
                    # add_child would look up both by name again
                    groups[group].add_host(made)
                if any(constructed):
                    self._construct(name, {variable: made.vars[variable]}, strict)
        for group, username in by_id.items():
            if username:
                self.inventory.add_child(group, username)

    def _read(self, settings: Settings) -> tuple[dict[str, Host], dict[str, Host], t.Mapping[str, str], str]:
        """Return people and apps as hosts, the groups of ids that --limit names, and why HR was not read, if it was not.

        Where --limit names nothing but hosts, it is only those, if that is certain to make no difference.
        """
        resolve = resolver(self.templar)
        Company.forget_shared()
        if _asks_only():
            return {}, {}, {}, ""
        why = "ROLLCALL_HR=ledger says so" if os.environ.get("ROLLCALL_HR") == "ledger" else ""

        emergency, subset = _emergency(), context.CLIARGS.get("subset")

        def make(anew: bool = False) -> Company:
            return Company(settings, resolve=resolve, emergency=emergency, from_ledger=why, anew=anew)

        with make() as company:
            named = _plain_names()
            with without_collecting():
                few = narrow(company, named) if named else None
                # what was read stays; going through it again and again would take as long as reading it
                gc.freeze()
            if few is not None:
                people, apps = person_hosts(company, few.people), app_hosts(company, few.apps)
                if emergency:
                    # nobody waits for what everybody else is, unless something depends on it
                    share_few(company, few, functools.partial(make, anew=True))
                else:
                    # should there be a task, it finds everybody
                    Company.share_later(make)
                return people, apps, few.by_id, ""
            about_apps = about_apps_only(context.CLIARGS.get("args") or (), subset)
            people = nobody(company) if about_apps else person_hosts(company)
            apps = app_hosts(company)
            company.share()
            usernames = {id: person.username for id, person in company.population.people.items()}
            by_id = asked_by_id(subset, usernames)
            return people, apps, by_id, company.population.stale

    def _construct(self, name: str, variables: dict[str, t.Any], strict: bool) -> None:
        compose = self.get_option("compose") or {}
        self._set_composite_vars(compose, variables, name, strict=strict)
        host = self.inventory.hosts[name]
        for key in compose:
            if key in host.vars:
                # what was made out of HR's values is data as well
                host.vars[key] = as_data(host.vars[key])
        self._add_host_to_composed_groups(
            self.get_option("groups") or {}, {**variables, **host.vars}, name, strict=strict
        )
        self._add_host_to_keyed_groups(
            self.get_option("keyed_groups") or [], {**variables, **host.vars}, name, strict=strict
        )


def _emergency() -> bool:
    """Whether this run is the emergency playbook, which has to work while HR or the policy is broken."""
    if os.environ.get("ROLLCALL_EMERGENCY"):
        return True
    playbooks = context.CLIARGS.get("args") or ()
    return any("emergency_offboard" in os.path.basename(str(name)) for name in playbooks)


def _asks_only() -> bool:
    """Whether nothing is played but what asks the ledger."""
    return from_ledger_only(context.CLIARGS.get("args") or ())


def _plain_names() -> frozenset[str]:
    """Return what --limit names when it has no pattern in it; nothing when there is none, or no --limit."""
    subset = context.CLIARGS.get("subset")
    return frozenset(subset.split(",")) if subset and _PLAIN_NAMES.fullmatch(subset) else frozenset()


def _limit(names: t.Collection[str], by_id: t.Mapping[str, str]) -> frozenset[str] | None:
    """Return the hosts that --limit names when it names nothing but hosts, or people by id; None: build everyone."""
    chosen = frozenset(by_id.get(name) or name for name in _plain_names())
    return chosen if chosen and chosen <= frozenset(names) else None
