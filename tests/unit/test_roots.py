"""Which Terraform root each unit belongs to: one for a target, split by provider blocks and constraints, and stable between plans."""

from dataclasses import dataclass, replace

import pytest

from provisioner.engine import Providers
from provisioner.model import Delivered, Target, Unit
from provisioner.planner import roots
from tests.unit.planning import unit

FOUR, FIVE, ANY = (Providers((("hashicorp/aws", version),)) for version in ("~> 4.0", ">= 5.0", ">= 3.0"))
OWN = Providers(own=True)


@dataclass(frozen=True)
class Case:
    """Components with what their modules ask for (`stack` in front of a colon), where they are, and where they have to be."""

    name: str
    wanted: dict[str, Providers]
    roots: dict[str, str]
    there: dict[str, str] | None = None
    changed: tuple[str, ...] = ()
    target: str = ""
    """Its version of hashicorp/aws."""

    def __str__(self) -> str:
        return self.name


CASES = (
    Case("one root", {"a": FOUR, "b": ANY}, {"a": "aws", "b": "aws"}),
    Case("constraints that can't meet", {"a": FOUR, "b": FIVE, "c": FIVE, "d": ANY}, {"a": "aws", "b": "aws--b", "c": "aws--b", "d": "aws"}),
    Case("providers of its own", {"a": OWN, "b": OWN, "c": ANY}, {"a": "aws--a", "b": "aws--b", "c": "aws"}),
    Case("a stack is split as well", {"s:a": FOUR, "s:b": FIVE, "c": FIVE}, {"a": "aws-s", "b": "aws-s--b", "c": "aws"}),
    Case("what is delivered stays", {"a": FOUR, "b": FIVE}, {"a": "aws--a", "b": "aws"}, {"a": "aws--a", "b": "aws"}),
    Case("it stays also when it would fit", {"b": ANY}, {"b": "aws--b"}, {"b": "aws--b"}),
    Case("what is new gives way", {"a": FOUR, "b": FIVE}, {"a": "aws--a", "b": "aws"}, {"b": "aws"}),
    Case("what was changed gives way", {"a": FOUR, "b": FIVE}, {"a": "aws--a", "b": "aws"}, {"a": "aws", "b": "aws"}, ("a",)),
    Case("a module that brings providers now has to go", {"a": OWN, "b": ANY}, {"a": "aws--a", "b": "aws"}, {"a": "aws", "b": "aws"}),
    Case("unless it is alone there", {"a": OWN}, {"a": "aws"}, {"a": "aws"}),
    Case("it takes no root in which others are", {"b": OWN, "c": FIVE}, {"b": "aws--b-2", "c": "aws--b"}, {"b": "aws--b", "c": "aws--b"}, ("b",)),
    Case("no root of the target would do", {"a": FOUR, "b": FIVE}, {"a": "aws", "b": "aws"}, target="~> 5.0"),
    Case("another stack is obeyed", {"s:a": ANY}, {"a": "aws-s"}, {"a": "aws"}),
)


def _unit(name: str) -> Unit:
    stack, _, component = name.rpartition(":")
    return replace(unit(f"{component}@aws"), root=f"aws-{stack}" if stack else "aws", source_digest="1")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_roots(case: Case) -> None:
    wanted = {_unit(name).name: (_unit(name), providers) for name, providers in case.wanted.items()}
    delivered = {f"{name}@aws": Delivered(replace(wanted[f"{name}@aws"][0], root=root, source_digest=str(int(name not in case.changed))), "delivered")
                 for name, root in (case.there or {}).items()}
    target = Target("aws", terraform={"provider": "hashicorp/aws", "version": case.target})
    host = unit("h@dc")
    found = roots.settle([host, *(one for one, _ in wanted.values())], delivered, {"aws": target}, lambda one: wanted[one.name][1])
    assert {one.component: one.root for one in found[1:]} == case.roots and found[0] is host
    again = {one.name: Delivered(one, "delivered") for one in found}
    assert roots.settle([host, *(one for one, _ in wanted.values())], again, {"aws": target}, lambda one: wanted[one.name][1]) == found
