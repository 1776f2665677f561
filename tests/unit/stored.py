"""What tests of the store put into it."""

from provisioner.model import Host, Plan, Step, Unit
from provisioner.store import Store

KEY = ("shop", "prod")


def unit(name: str, *hosts: str, **more: object) -> Unit:
    return Unit(name, name.partition("@")[0], "postgres", "dc", "ansible", inputs={"a": {"b": [1, "${secret.x}"]}},
                hosts=tuple(Host(host, "10.0.0.1", "dc") for host in hosts), **more)  # type: ignore[arg-type]


def plan(*steps: Step, ident: str = "p1") -> Plan:
    return Plan(ident, *KEY, "1", steps or (Step("db@dc", "deliver", unit("db@dc")), Step("api@dc", "deliver", unit("api@dc"), ("db@dc",))))


def begun(store: Store, ident: str = "p1") -> int:
    store.plans.save(plan(ident=ident))
    return store.runs.begin(store.plans.get(ident), "me").number  # type: ignore[arg-type]
