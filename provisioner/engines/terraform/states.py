"""A Terraform state that somebody else wrote: which of its resources a module takes over, and by which ids. Reads the file, starts nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.errors import Exit, ProvisionError
from provisioner.model import Json
from provisioner.providers import IMPORT_IDS, IMPORTED_AFTER
from provisioner.suggest import suggestion

VERSION = 4


@dataclass(frozen=True)
class Held:
    """One resource in a state."""

    address: str
    type: str
    attributes: Mapping[str, Json] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What `terraform import` takes. Raises ProvisionError (PRV-6425) when the state does not tell."""
        try:
            found = IMPORT_IDS.get(self.type, "{id}").format_map(self.attributes)
        except KeyError:
            found = ""
        if not found or found == "None":
            raise ProvisionError(f"the state tells no id of {self.address}", code="PRV-6425", exit=Exit.USAGE, hint="give ADDRESS ID without --state")
        after = IMPORTED_AFTER.get(self.type)
        return found.rpartition(after)[2] if after else found


def read(path: Path) -> list[Held]:
    """The managed resources in a state's file. Raises ProvisionError (PRV-6425) when it is none."""
    try:
        content = json.loads(path.read_text())
        if content["version"] != VERSION:
            raise ValueError(f"version {content['version']}")
        return list(_held(content["resources"]))
    except OSError as error:
        raise ProvisionError(f"{path}: {error.strerror}", code="PRV-6425", exit=Exit.USAGE) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProvisionError(f"{path} is no Terraform state of version {VERSION}: {error}", code="PRV-6425", exit=Exit.USAGE,
                             hint="terraform state pull prints one") from None


def _held(resources: Sequence[Mapping[str, Json]]) -> Iterator[Held]:
    for one in resources:
        if one["mode"] != "managed":
            continue
        inside = f"{one['module']}." if one.get("module") else ""
        for instance in one["instances"]:
            key = instance.get("index_key")
            index = "" if key is None else f"[{json.dumps(key)}]"
            yield Held(f"{inside}{one['type']}.{one['name']}{index}", str(one["type"]), instance.get("attributes") or {})


def pairs(held: Sequence[Held], declared: Sequence[str], named: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """(address inside the module, id) of what a module takes over. `declared`: TYPE.NAME of its resources; `named`: (address, address in the state).

    Without names: resources of the same address, else the only one of a type on both sides. Raises ProvisionError (PRV-6425).
    """
    known = {one.address: one for one in held}
    if named:
        for _, there in named:
            if there not in known:
                raise ProvisionError(f'the state has no resource "{there}"', code="PRV-6425", exit=Exit.USAGE, hint=suggestion(there, known))
        return [(address, known[there].id) for address, there in named]
    found = [(address, one.id) for address, one in _matching(held, declared)]
    if not found:
        there = ", ".join(sorted(known)) or "nothing"
        raise ProvisionError("nothing in the state fits the component's module", code="PRV-6425", exit=Exit.USAGE,
                             hint=f"the state has {there}; the module {', '.join(declared) or 'nothing'}")
    return found


def _matching(held: Sequence[Held], declared: Sequence[str]) -> Iterator[tuple[str, Held]]:
    for name in declared:
        kind = name.partition(".")[0]
        same = [one for one in held if one.type == kind]
        exact = [one for one in same if one.address.partition("[")[0] == name]
        if exact:
            yield from ((one.address, one) for one in exact)
        elif len(same) == 1 and sum(other.partition(".")[0] == kind for other in declared) == 1:
            index = same[0].address.partition("[")[1:]
            yield name + "".join(index), same[0]
        elif same:
            raise ProvisionError(f"{name} could be each of {', '.join(one.address for one in same)}", code="PRV-6425", exit=Exit.USAGE,
                                 hint=f"say which: {name} ADDRESS-IN-STATE")
