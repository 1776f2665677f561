"""The words and codes of failures on hosts. Pure."""

from collections.abc import Mapping

from provisioner.engines.ansible import outcome as outcomes
from provisioner.engines.ansible.outcome import Outcome
from provisioner.hosts.ssh import Reached
from provisioner.model import Host

OF_STATE = {"silent": "PRV-7201", "key": "PRV-4204", "login": "PRV-4203"}


def with_code(code: str, message: str, hint: str = "") -> str:
    """A failure as one text, in the form of `Problem`."""
    return f"{code} {message}" + (f"; {hint}" if hint else "")


def reached_text(reached: Reached) -> str:
    """Why a host can't be used."""
    return with_code(OF_STATE[reached.state], reached.reason, reached.hint)


def reasons(outcome: Outcome, hosts: tuple[Host, ...]) -> dict[str, str]:
    """Why hosts failed in a play, with the code of each."""
    found = {}
    by_name = {host.name: host for host in hosts}
    for name, text in outcomes.failures(outcome, list(by_name)).items():
        code = _code(outcome, name, text)
        said = "the host is not as the plan showed it: nothing was touched" if outcomes.is_stale(outcome.of(name)) else text
        found[name] = with_code(code, said, _hint(code, by_name[name]))
    return found


def _hint(code: str, host: Host) -> str:
    """What helps against a failure that has nothing to do with the playbook."""
    if code != "PRV-4203":
        return ""
    user = f"{host.user}@" if host.user else ""
    return f"check user and privateKey of the target; try: ssh {user}{host.address}"


def _code(outcome: Outcome, host: str, text: str) -> str:
    tasks = outcome.of(host)
    if outcomes.is_stale(tasks):
        return "PRV-4207"
    if outcomes.is_unreachable(tasks):
        if any(word in text.lower() for word in outcomes.KEYS):
            return "PRV-4204"
        return "PRV-4203" if outcomes.is_refusal(text) else "PRV-7201"
    return not_played(outcome) if outcome.stats is None else "PRV-4201"


def not_played(outcome: Outcome) -> str:
    """The code of a play that did not get to its end on any host."""
    return "PRV-4210" if outcome.died else "PRV-4202"


def only_missing(failed: Mapping[str, str]) -> bool:
    """True when every host failed because it is not there."""
    return bool(failed) and all(text.startswith("PRV-7201") for text in failed.values())
