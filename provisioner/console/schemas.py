"""The JSON Schemas of what `-o json` prints, by kind. Data only; a test holds real results against them."""

from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
OBJECT: Schema = {"type": "object"}
ANY: Schema = {}


def _object(required: Schema, **optional: Any) -> Schema:
    """An object with these keys, and perhaps others that are to be ignored."""
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _result(kind: str, **keys: Any) -> Schema:
    """A result: what every result begins with, and its own keys."""
    schema = _object({"schemaVersion": {"const": 1}, "kind": {"const": kind}, **keys})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"provision -o json: {kind}", **schema}


PROBLEM = _object({"code": {"type": "string", "pattern": "^PRV-[0-9]{4}$"}, "severity": {"enum": ["error", "warning"]}, "message": TEXT,
                   "hint": TEXT, "file": TEXT, "line": COUNT, "column": COUNT})
HOST = _object({"name": TEXT, "address": TEXT, "target": TEXT, "labels": OBJECT, "groups": TEXTS})
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
FILE_DIFF = _object({"path": TEXT, "before": TEXT_OR_NULL, "after": TEXT_OR_NULL})
CHANGE = _object({
    "address": TEXT,
    "action": {"enum": ["create", "update", "replace", "delete", "configure", "remove", "forget", "run"]},
    "before": OBJECT, "after": OBJECT, "unknown": TEXTS, "reason": TEXT, "tasks": TEXTS, "files": _list(FILE_DIFF)})
EFFECT: Schema = {"enum": ["create", "update", "replace", "destroy", "forget", "unknown", "run", "none", "failed"]}
COUNTS = _object({kind: COUNT for kind in EFFECT["enum"]})
UNIT = _object({
    "step": TEXT, "unit": TEXT, "component": TEXT, "type": TEXT, "target": TEXT,
    "engine": {"enum": ["terraform", "ansible", "existing", "aws", "workflow"]},
    "action": EFFECT, "dataLoss": FLAG, "batch": TEXT, "needs": TEXTS, "root": TEXT, "hosts": _list(HOST), "hostsFrom": TEXT,
    "references": _list(_object({"path": TEXT, "reference": TEXT})), "inputs": OBJECT, "outputs": OBJECT, "sensitive": TEXTS,
    "changes": _list(CHANGE), "unpreviewed": TEXT, "failure": TEXT, "definition": TEXT, "after": TEXTS, "if": TEXT, "summary": TEXT})
STEP = _object({
    "step": TEXT, "state": {"enum": ["waiting", "running", "done", "failed", "skipped", "interrupted", "suspended"]}, "attempt": COUNT,
    "started": TEXT, "ended": TEXT, "changed": FLAG, "message": TEXT, "failedHosts": OBJECT})
COMMITS = _object({"since": TEXT, "more": COUNT, "note": TEXT, "listed": _list(_object({"id": TEXT, "subject": TEXT, "author": TEXT}))})
RUN_KEYS: Schema = {
    "run": COUNT, "plan": TEXT, "application": TEXT, "environment": TEXT, "version": TEXT,
    "state": {"enum": ["running", "succeeded", "failed", "interrupted", "superseded", "waiting"]}, "attempt": COUNT, "who": TEXT, "reason": TEXT,
    "started": TEXT, "ended": TEXT, "exit": {"type": ["integer", "null"]}, "message": TEXT,
    "action": TEXT, "commit": TEXT, "commits": COMMITS}
RUN = _result("run", **RUN_KEYS)
RUN["properties"]["steps"] = _list(STEP)
ACTION = _object({"name": TEXT, "needs": TEXT, "description": TEXT, "parameters": OBJECT, "outputs": TEXTS})
TYPE_KEYS: Schema = {
    "name": TEXT, "typeKind": {"enum": ["component", "trait", "policy", "step"]},
    "version": TEXT, "origin": TEXT, "file": TEXT, "description": TEXT, "provides": TEXT,
    "data": FLAG, "goesOn": TEXTS, "appliesTo": TEXTS, "parameters": OBJECT, "outputs": OBJECT, "example": TEXT,
    "actions": _list(ACTION), "unavailable": TEXT, "notices": TEXTS}
STATUS_ROW = _object({"unit": TEXT, "component": TEXT, "type": TEXT, "target": TEXT, "health": TEXT, "sync": TEXT, "detail": TEXT, "hosts": OBJECT})

REVISION = _result("revision", revision=COUNT, version=TEXT, time=TEXT, run=COUNT, plan=TEXT, digest=TEXT, who=TEXT, reason=TEXT, spec=TEXT,
                   commit=TEXT, commits=COMMITS,
                   definitions=OBJECT, sources=OBJECT, artifacts=OBJECT, inputs=OBJECT)
REVISION["properties"] |= {"application": TEXT, "environment": TEXT}

DIFFERENCE: Schema = {"path": TEXT, "unit": TEXT, "engine": TEXT, "place": TEXT, "what": TEXT, "found": ANY, "declared": ANY, "follows": TEXTS}
ACCEPTANCE = _object({"who": TEXT, "why": TEXT, "time": TEXT})
BESIDE: Schema = {
    "accepted": _list(_object({**DIFFERENCE, "acceptance": ACCEPTANCE})), "ignored": _list(_object(DIFFERENCE)),
    "unseen": _list(_object({"name": TEXT, "reason": TEXT})), "notes": TEXTS}
DRIFT = _result(
    "drift", application=TEXT, environment=TEXT, revision=COUNT, version=TEXT, exit=COUNT, units=COUNT,
    differences=_list(_object({**DIFFERENCE, "acceptedBefore": {"anyOf": [ACCEPTANCE, {"type": "null"}]}})),
    **BESIDE)
LIVE = _object({"units": COUNT, "differences": _list(_object(DIFFERENCE)), **BESIDE})

ESTIMATE = _object({"seconds": {"type": "number"}, "runs": COUNT, "unknown": COUNT})
SCHEMAS: dict[str, Schema] = {
    "plan": _result("plan", id=TEXT, application=TEXT, environment=TEXT, version=TEXT, digest=TEXT, created=TEXT, changes=FLAG,
                    origin=_object({"who": TEXT, "commit": TEXT, "against": COUNT, "head": TEXT, "commits": COMMITS}),
                    purpose={"enum": ["deliver", "destroy", "rollback", "heal"]},
                    summary=_object({**COUNTS["properties"], "hosts": COUNT}), order=TEXTS, units=_list(UNIT),
                    failures=_list(_object({"unit": TEXT, "message": TEXT})), notes=TEXTS, seals=OBJECT,
                    estimate={"anyOf": [ESTIMATE, {"type": "null"}]}),
    "actions": _result("actions", component=TEXT, actions=_list(ACTION)),
    "result": _result("result", exit=COUNT, message=TEXT, seconds={"type": "number"}, revision=COUNT, summary=COUNTS,
                      run={"anyOf": [RUN, {"type": "null"}]}, outputs=OBJECT),
    "run": RUN,
    "runs": _result("runs", runs=_list(RUN)),
    "event": _result("event", run=COUNT, number=COUNT, time=TEXT, event=TEXT, step=TEXT, host=TEXT, message=TEXT, data=OBJECT),
    "status": _result("status", application=TEXT, environment=TEXT, health=TEXT, sync=TEXT, revision=COUNT, version=TEXT, exit=COUNT, outputs=OBJECT,
                      waiting=COUNT, components=_list(STATUS_ROW)),
    "outputs": _result("outputs", application=TEXT, environment=TEXT, outputs=OBJECT),
    "validate": _result("validate", valid=FLAG, application=TEXT, environment=TEXT, units=TEXTS, problems=_list(PROBLEM)),
    "graph": _result("graph", application=TEXT, environment=TEXT, units=_list(_object(
        {"name": TEXT, "component": TEXT, "type": TEXT, "target": TEXT, "engine": TEXT, "needs": TEXTS, "root": TEXT}))),
    "types": _result("types", types=_list(_result("type", **TYPE_KEYS))),
    "type": _result("type", **TYPE_KEYS),
    "policy-test": _result("policy-test", failed=COUNT, tests=_list(_object({"file": TEXT, "name": TEXT, "passed": FLAG, "differences": TEXTS}))),
    "doctor": _result("doctor", problems=COUNT, warnings=COUNT, checks=_list(_object(
        {"name": TEXT, "state": {"enum": ["ok", "warning", "problem", "skipped"]}, "detail": TEXT, "fix": TEXT}))),
    "eject": _result("eject", folder=TEXT, roots=TEXTS, units=TEXTS, notes=TEXTS),
    "history": _result("history", revisions=_list(REVISION)),
    "revision": REVISION,
    "diff": _result("diff", before=TEXT, after=TEXT, differences=_list(_object(
        {"subject": TEXT, "component": TEXT, "path": TEXT, "before": ANY, "after": ANY})),
        live={"anyOf": [LIVE, {"type": "null"}]}),
    "drift": DRIFT,
    "drifts": _result("drifts", drifts=_list(OBJECT)),
    "drift-judged": _result("drift-judged", what={"enum": ["accepted", "forgotten"]}, paths=TEXTS),
    "error": _result("error", exit=COUNT, error=_object({"code": TEXT, "message": TEXT, "next": TEXT}), problems=_list(PROBLEM)),
}
"""Kind to schema. `types` holds types, `runs` holds runs; every reader must ignore keys that it does not know."""
