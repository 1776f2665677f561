"""What every host shall have, put together: users, firewall, kernel settings, packages, time, patch level. Never locks out who is here."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.provision import upkeep
from ansible.module_utils.provision.context import Context, check_name, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.firewall import UNIT, Firewall
from ansible.module_utils.provision.people import People, Person
from ansible.module_utils.provision.pieces import Pieces
from ansible.module_utils.provision.probes import HEALTHY
from ansible.module_utils.provision.systemd import Systemd
from ansible.module_utils.provision.work import Work


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the host is as wanted."""
    spec = params["spec"]
    if not context.systemd:
        raise Failed("a baseline is for a host of its own: it needs root and systemd")
    pieces = Pieces(context, "host-baseline", check_name(str(spec["name"])))
    work, about = pieces.work, pieces.about
    work.unknown = unknown_names(spec, context.marker, "baseline_")
    if work.unknown:
        work.add("bring the host to its baseline (known after apply)", lambda: None)
        return work
    upkeep.wanted_packages(pieces, _texts(spec, "packages"), _texts(spec, "absent_packages"))
    after: dict[str, Any] = {"people": People(pieces, [Person.of(one) for one in spec.get("users") or ()], about.get("people") or {}).deliver()}
    after["sysctl"] = upkeep.settings(pieces, spec.get("sysctl") or {}, about.get("sysctl") or {})
    after["timezone"] = upkeep.timezone(pieces, str(spec.get("timezone") or ""), str(about.get("timezone") or ""))
    upkeep.time_servers(pieces, _texts(spec, "time_servers"))
    patches = upkeep.upgrade(pieces, str(spec.get("upgrades") or "report"))
    after["firewall"] = spec.get("firewall") is not None
    if after["firewall"]:
        # last: what it may do to our connection, it does when all else is done
        Firewall(pieces).deliver(dict(spec["firewall"]))
    elif about.get("firewall"):
        Firewall(pieces).leave()
    pieces.leftovers()
    work.outputs = {"patches": patches}
    work.health = "" if work.new else HEALTHY
    work.verify = lambda: HEALTHY
    return pieces.record(after)


def _texts(spec: dict[str, Any], name: str) -> list[str]:
    return [str(one) for one in spec.get(name) or ()]


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the host is as it was before; packages and installed upgrades stay."""
    pieces = Pieces(context, "host-baseline", check_name(str(params["spec"]["name"])))
    about = pieces.about
    if pieces.before is None:
        return pieces.work
    if about.get("firewall"):
        Firewall(pieces).leave()
    people = People(pieces, [], about.get("people") or {})
    for name in sorted(people.noted):
        people.leave(name)
    upkeep.settings_back(pieces, about.get("sysctl") or {})
    upkeep.timezone(pieces, "", str(about.get("timezone") or ""))
    after = upkeep.after_files(pieces.before.files)
    if about.get("firewall"):
        after.append((f"forget {UNIT}.service", lambda: Systemd().forget(UNIT)))
    return pieces.leave(then=after)
