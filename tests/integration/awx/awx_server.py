# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX's REST API v2 as far as ``awx_setup`` needs it: it keeps what it is sent, and refuses what AWX would refuse.

It is made from AWX 24's own serializers, views and models. What nobody can see from outside (jobs that run, permissions
of single users) is not here.
"""

# pylint: disable=unidiomatic-typecheck, disallowed-name
from __future__ import annotations

import copy
import json
import typing as t

from . import awx_rules as rules
from .awx_fields import KINDS, LAUNCHED
from .awx_kinds import Field, Kind
from .awx_rules import ENCRYPTED, Refusal

Object = dict[str, t.Any]


class Awx:
    """All objects of one AWX. ``writes`` is every request that would change something, in order."""

    def __init__(self, playbooks: t.Collection[str]) -> None:
        self.playbooks = frozenset(playbooks)
        self.objects: dict[str, dict[int, Object]] = {endpoint: {} for endpoint in KINDS}
        self.roles: dict[int, list[int]] = {}
        self.writes: list[tuple[str, str, t.Any]] = []
        self.calls: list[str] = []
        self._last = 0

    # for the tests

    def named(self, endpoint: str, name: str) -> Object:
        return next(one for one in self.objects[endpoint].values() if one[KINDS[endpoint].name] == name)

    def names(self, endpoint: str) -> set[str]:
        return {one[KINDS[endpoint].name] for one in self.objects[endpoint].values()}

    def related_names(self, endpoint: str, name: str, relation: str) -> list[str]:
        other = KINDS[endpoint].relations[relation]
        return [self.objects[other][id][KINDS[other].name] for id in self.named(endpoint, name)["_" + relation]]

    # the API

    def answer(self, method: str, path: str, query: dict[str, str], body: t.Any) -> tuple[int, t.Any]:
        self.calls.append(f"{method} {path}")
        if method != "GET":
            self.writes.append((method, path, copy.deepcopy(body)))
        parts = path.removeprefix("/api/v2/").strip("/").split("/")
        if parts[0] == "unified_job_templates" and len(parts) == 1:
            return 200, self._list([(kind, one) for kind in LAUNCHED for one in self.objects[kind].values()], query)
        if parts[0] == "roles":
            return self._role(method, int(parts[1]), parts[2], body)
        if parts[0] == "project_updates":
            return 200, {"id": int(parts[1]), "status": "successful"}
        endpoint = parts[0]
        if endpoint not in KINDS:
            raise Refusal({"detail": "Not found."}, 404)
        if len(parts) == 1:
            if method == "GET":
                return 200, self._list([(endpoint, one) for one in self.objects[endpoint].values()], query)
            return 201, self._shown(endpoint, self._create(endpoint, body))
        one = self.objects[endpoint].get(int(parts[1]))
        if one is None:
            raise Refusal({"detail": "Not found."}, 404)
        if len(parts) == 2:
            return self._detail(method, endpoint, one, body)
        return self._below(method, endpoint, one, parts[2], query, body)

    def _detail(self, method: str, endpoint: str, one: Object, body: t.Any) -> tuple[int, t.Any]:
        if method == "DELETE":
            del self.objects[endpoint][one["id"]]
            return 204, None
        if method == "PATCH":
            self._change(endpoint, one, body)
        return 200, self._shown(endpoint, one)

    def _below(
        self, method: str, endpoint: str, one: Object, name: str, query: dict[str, str], body: t.Any
    ) -> tuple[int, t.Any]:
        if name == "survey_spec" and "survey_enabled" in KINDS[endpoint].fields:
            if method == "POST":
                rules.survey(body)
                one["survey_spec"] = body
            return 200, one.get("survey_spec", {}) if method == "GET" else {}
        if name == "create_approval_template" and endpoint == "workflow_job_template_nodes":
            template = self._create("workflow_approval_templates", body)
            one["unified_job_template"] = template["id"]
            return 201, self._shown("workflow_approval_templates", template)
        other = KINDS[endpoint].relations[name]
        held: list[int] = one["_" + name]
        if method == "GET":
            return 200, self._list([(other, self.objects[other][id]) for id in held], query)
        if body["id"] not in self.objects[other]:
            raise Refusal({"detail": f"no such object: {body['id']}"})
        if body.get("disassociate"):
            held.remove(body["id"])
        elif body["id"] not in held:
            if name == "credentials":
                mine = [self.objects[other][id]["credential_type"] for id in held]
                if self.objects[other][body["id"]]["credential_type"] in mine:
                    raise Refusal({"error": "Cannot assign multiple credentials of one type."})
            held.append(body["id"])
        return 204, None

    def _role(self, method: str, id: int, whose: str, body: t.Any) -> tuple[int, t.Any]:
        if id not in self.roles or whose != "teams":
            raise Refusal({"detail": "Not found."}, 404)
        if method == "GET":
            return 200, self._list([("teams", self.objects["teams"][team]) for team in self.roles[id]], {})
        self.roles[id].append(body["id"])
        return 204, None

    # objects

    def _create(self, endpoint: str, body: Object) -> Object:
        kind = KINDS[endpoint]
        one: Object = {name: copy.deepcopy(field.default) for name, field in kind.fields.items()}
        one.update({"_" + relation: [] for relation in kind.relations})
        missing = [name for name, field in kind.fields.items() if field.required and body.get(name) in (None, "")]
        if missing:
            raise Refusal({name: ["This field is required."] for name in missing})
        self._lay_on(endpoint, one, body)
        self._last += 1
        one["id"] = self._last
        one["_roles"] = {role: self._last * 100 + number for number, role in enumerate(kind.roles)}
        self.roles.update({id: [] for id in one["_roles"].values()})
        self.objects[endpoint][one["id"]] = one
        return one

    def _change(self, endpoint: str, one: Object, body: Object) -> None:
        changed = copy.deepcopy(one)
        in_use = any(other["credential_type"] == one["id"] for other in self.objects["credentials"].values())
        if endpoint == "credential_types" and in_use and body.get("inputs", one["inputs"]) != one["inputs"]:
            raise Refusal({"detail": "Modifications to inputs are not allowed for types that are in use"}, 403)
        self._lay_on(endpoint, changed, body)
        one.update(changed)

    def _lay_on(self, endpoint: str, one: Object, body: Object) -> None:
        kind = KINDS[endpoint]
        for name, value in body.items():
            if name in kind.passed_over:
                continue
            if name not in kind.fields:
                raise Refusal({name: [f"{kind.type} has no such field"]})
            self._check(name, kind.fields[name], value)
            if endpoint == "credentials" and name == "inputs":
                # what comes back hidden stays as it was
                value = {key: one["inputs"].get(key) if text == ENCRYPTED else text for key, text in value.items()}
            one[name] = value
        if endpoint == "job_templates" and one["project"]:
            one["organization"] = self.objects["projects"][one["project"]]["organization"]
        self._unique(kind, endpoint, one)
        self._rules(endpoint, one)

    def _check(self, name: str, field: Field, value: t.Any) -> None:
        if field.choices and value not in (*field.choices, field.default):
            raise Refusal({name: [f'"{value}" is not a valid choice.']})
        if value is None:
            if field.default is not None or field.required:
                raise Refusal({name: ["This field may not be null."]})
            return
        kinds = {"text": str, "number": int, "flag": bool, "dict": dict, "json": str}
        if field.kind in kinds:
            if type(value) is not kinds[field.kind]:
                raise Refusal({name: [f"expected {field.kind}, found {value!r}"]})
            if field.kind == "json" and value and not isinstance(json.loads(value), dict):
                raise Refusal({name: ["expected a mapping"]})
        elif not any(value in self.objects[kind] for kind in _endpoints(field.kind)):
            raise Refusal({name: [f'Invalid pk "{value}" - object does not exist.']})

    def _unique(self, kind: Kind, endpoint: str, one: Object) -> None:
        for other in self.objects[endpoint].values():
            same = kind.unique and all(other.get(name) == one.get(name) for name in kind.unique)
            if same and other["id"] != one.get("id"):
                raise Refusal({"__all__": [f"{kind.type} with this {' and '.join(kind.unique)} already exists."]})

    def _rules(self, endpoint: str, one: Object) -> None:
        if endpoint == "credential_types":
            rules.credential_type(one)
        elif endpoint == "credentials":
            rules.credential(one, self.objects["credential_types"][one["credential_type"]])
        elif endpoint == "notification_templates":
            rules.notification(one)
        elif endpoint == "schedules":
            rules.schedule(one, self._launched(one["unified_job_template"]))
        elif endpoint == "workflow_job_template_nodes" and one["unified_job_template"]:
            rules.saved_launch(one, self._launched(one["unified_job_template"]), required=False)
        elif endpoint == "inventory_sources" and one["source"] == "scm" and not one["source_project"]:
            raise Refusal({"source_project": ["Project required for scm type sources."]})
        elif endpoint == "job_templates":
            if not one["project"] or not one["inventory"]:
                raise Refusal({"project": ["Job Templates must have a project and an inventory."]})
            if one["playbook"] not in self.playbooks:
                raise Refusal({"playbook": ["Playbook not found for project."]})

    def _launched(self, id: int) -> Object:
        return next(self.objects[kind][id] for kind in LAUNCHED if id in self.objects[kind])

    # what is shown

    def _shown(self, endpoint: str, one: Object) -> Object:
        kind, url = KINDS[endpoint], f"/api/v2/{endpoint}/{one['id']}/"
        shown = {name: copy.deepcopy(value) for name, value in one.items() if not name.startswith("_")}
        shown.pop("survey_spec", None)
        related = {"survey_spec": f"{url}survey_spec/"} if "survey_enabled" in kind.fields else {}
        summary: Object = {"object_roles": {role: {"id": id} for role, id in one["_roles"].items()}}
        if endpoint == "credential_types":
            shown["managed"] = False
        if endpoint == "credentials":
            secret = rules.secret_fields(self.objects["credential_types"][one["credential_type"]])
            shown["inputs"] = {k: ENCRYPTED if k in secret and v else v for k, v in one["inputs"].items()}
        if endpoint == "notification_templates":
            hidden = shown["notification_configuration"]
            hidden.update({key: ENCRYPTED for key in ("password", "token") if hidden.get(key)})
        if endpoint == "projects":
            shown["scm_revision"] = "0" * 40
            summary["current_update"] = {"id": one["id"]}
        if endpoint == "workflow_job_template_nodes" and one["unified_job_template"]:
            id = one["unified_job_template"]
            where = next(kind for kind in LAUNCHED if id in self.objects[kind])
            related["unified_job_template"] = f"/api/v2/{where}/{id}/"
        return {**shown, "type": kind.type, "url": url, "related": related, "summary_fields": summary}

    def _list(self, found: t.Sequence[tuple[str, Object]], query: dict[str, str]) -> Object:
        shown = [self._shown(endpoint, one) for endpoint, one in found]
        for name, value in query.items():
            known = {key for one in shown for key in one} | {
                key for endpoint, _ in found for key in KINDS[endpoint].fields
            }
            if shown and name not in known:
                raise Refusal({"detail": f"{name} is no field to filter by"})
            shown = [one for one in shown if str(one.get(name)) == value]
        return {"count": len(shown), "next": None, "previous": None, "results": shown}


def _endpoints(kind: str) -> tuple[str, ...]:
    return LAUNCHED if kind == "unified_job_templates" else (kind,)
