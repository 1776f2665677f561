"""Steps that tell people something: in the run itself, by webhook, e-mail or chat (apprise)."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from provisioner.errors import StepFailed
from provisioner.model import Json
from provisioner.step_kinds import SECRET_VALUE, Done, StepKind, Work

TEXT = {"type": "string", "minLength": 1}
OPEN = {"type": "object"}


def _print(work: Work) -> Done:
    return Done({"message": str(work.properties["message"])}, str(work.properties["message"]))


PRINT = StepKind(
    "print-message-in-status", "Puts a message into the run, where `show` and `status` tell it.",
    {"required": ["message"], "properties": {"message": {**TEXT, "description": "The message"}}}, run=_print, gives=("message",),
    summary=lambda properties: str(properties.get("message", "")),
    example='{name: told, type: print-message-in-status, properties: {message: "Half is done"}}')


# ------------------------------------------------------------------ notification
def _notify(work: Work) -> Done:
    """Send to each place that is named; all must take it."""
    sent = []
    for name, address, title, body in _messages(work.properties):
        work.tell(f"sends to {name}")
        if name in ("slack", "lark", "dingding"):
            _post(name, address, body, work)
        else:
            _apprise(name, address, title, str(body), work)
        sent.append(name)
    if not sent:
        raise StepFailed("no receiver is named", code="PRV-4407", hint="give to, slack, lark, dingding or email")
    return Done(message=f"sent to {', '.join(sent)}")


def _messages(properties: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    title, text = str(properties.get("title") or ""), str(properties.get("message") or "")
    for address in properties.get("to") or ():
        yield str(address).partition(":")[0], str(address), title, text
    for name in ("slack", "lark", "dingding"):
        if name in properties:
            yield name, str(properties[name]["url"]["value"]), "", properties[name].get("message") or {}
    if "email" in properties:
        given = properties["email"]
        yield "email", _mail(given), str(given["content"].get("subject") or ""), str(given["content"].get("body") or "")


def _mail(given: Mapping[str, Any]) -> str:
    """KubeVela's fields as one of apprise's addresses."""
    sender, host = given["from"], str(given["from"]["host"])
    user = quote(str(sender.get("user") or sender["address"]), safe="")
    password = f":{quote(str(sender['password']['value']), safe='')}" if "password" in sender else ""
    port, name = int(sender.get("port") or 587), quote(str(sender.get("alias") or "provision"), safe="")
    receivers = quote(",".join(map(str, given["to"])), safe="")
    secure = "mailtos" if password else "mailto"
    login = f"{user}{password}@" if password else ""
    return f"{secure}://{login}{host}:{port}/?from={quote(str(sender['address']), safe='')}&name={name}&to={receivers}&smtp={host}"


def _apprise(name: str, address: str, title: str, body: str, work: Work) -> None:
    import logging

    import apprise

    sender = apprise.Apprise()
    if not sender.add(address):
        raise StepFailed(f"the address of {name} can't be read", code="PRV-4407", hint="see the addresses of apprise: json://HOST/, mailto://…")
    capture: Any = apprise.LogCapture
    with capture(level=logging.WARNING) as log:
        if sender.notify(title=title, body=body):
            return
        # addresses hold passwords: only what the plugin says of the answer is told
        said = [line.partition(" - ")[2] or line for line in log.getvalue().splitlines() if address not in line]
    raise StepFailed(f"{name} did not take the message" + (f": {said[-1]}" if said else ""), code="PRV-4407")


def _post(name: str, address: str, message: Any, work: Work) -> None:
    from provisioner.engines.workflow.web import ask

    answer = ask(work, "POST", address, body=message)
    if answer.status >= 400:
        raise StepFailed(f"{name} answered {answer.status}", code="PRV-4407")


def _receivers(properties: Mapping[str, Json]) -> str:
    names = [str(address).partition(":")[0] for address in properties.get("to") or ()]
    names += [name for name in ("slack", "lark", "dingding", "email") if name in properties]
    text = str(properties.get("message") or "")
    return f"to {', '.join(names)}" + (f": {text}" if text else "")


CHAT = {"type": "object", "additionalProperties": False, "required": ["url"], "properties": {"url": SECRET_VALUE, "message": OPEN}}
NOTIFICATION = StepKind(
    "notification", "Sends a message by webhook, e-mail or chat.",
    {"properties": {
        "to": {"type": "array", "items": TEXT, "minItems": 1, "description": "Addresses of apprise: json://HOST/PATH, mailto://…, slack://… and a "
               "hundred others; a secret one as ${secret.PATH}"},
        "title": {"type": "string", "description": "Title, where the receiver has one"},
        "message": {"type": "string", "description": "What is sent to each of `to`"},
        "slack": CHAT, "lark": CHAT, "dingding": CHAT,
        "email": {"type": "object", "additionalProperties": False, "required": ["from", "to", "content"], "properties": {
            "from": {"type": "object", "additionalProperties": False, "required": ["address", "host"], "properties": {
                "address": TEXT, "alias": {"type": "string"}, "user": {"type": "string"}, "host": TEXT,
                "port": {"type": "integer"}, "password": SECRET_VALUE}},
            "to": {"type": "array", "items": TEXT, "minItems": 1},
            "content": {"type": "object", "additionalProperties": False, "properties": {"subject": {"type": "string"}, "body": {"type": "string"}}}}},
    }, "minProperties": 1}, run=_notify, summary=_receivers,
    example='{name: told, type: notification, properties: {to: ["json://chat.example/hook"], message: "Version ${app.version} is out"}}')
