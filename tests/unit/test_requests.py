"""What an engine is asked for: the last removal of a Terraform root takes everything, unless something of it is kept."""

from provisioner.model import Delivered, Plan, Step, Unit
from provisioner.planner.known import Known
from provisioner.runner.requests import batch_request

ROOT = "shop-prod-aws"


def unit(name: str, root: str = ROOT) -> Unit:
    return Unit(name, name.partition("@")[0], "bucket", "aws", "terraform" if root else "ansible", root=root)


def removal(name: str, rank: int) -> Step:
    return Step(f"remove {name}", "remove", unit(name), batch=f"terraform:{ROOT}:remove:{rank}")


def is_last(batch: str, steps: list[Step], *delivered: Unit) -> bool:
    plan = Plan("p1", "shop", "prod", "1", tuple(steps), folder="")
    names = [step.name for step in steps if step.batch.endswith(batch)]
    known = {each.name: Delivered(each, "delivered") for each in delivered}
    return batch_request(plan, batch, names, Known(), known, attempt=1).last_in_root


def test_only_the_last_removal_of_a_root_takes_what_no_step_names() -> None:
    steps = [removal("web@aws", 0), removal("db@aws", 1)]
    found = [is_last(step.batch, steps, *(unit("web@aws"), unit("db@aws"), unit("api@dc", ""))) for step in steps]
    assert found == [False, True]


def test_a_removal_beside_something_that_is_kept_names_what_it_takes() -> None:
    steps = [removal("web@aws", 0), removal("jobs@aws", 1)]
    assert not any(is_last(step.batch, steps, unit("web@aws"), unit("jobs@aws"), unit("db@aws")) for step in steps)
