"""The codes of plans and runs: PRV-40xx, 50xx, 61xx, and of what is missing in general. Data only."""

CODES: dict[str, tuple[str, str]] = {
    "PRV-4001": (
        "A step failed",
        "The message holds the tool's own words. Independent steps were carried out all the same.\n"
        "provision logs RUN --around fail shows what led to it; provision resume goes on once the cause is gone.",
    ),
    "PRV-4002": (
        "A program that was started failed",
        "The command, its exit code and its last lines are shown. It can be run again by hand: provision logs --show-commands.",
    ),
    "PRV-4003": (
        "A step lacks something that another one should have given",
        "A component that was delivered before has no value for an output, or made no host, that this step needs.\n"
        "Look at that component: provision outputs COMPONENT, provision logs --step COMPONENT@TARGET; then provision resume.",
    ),
    "PRV-5001": (
        "Data is protected",
        "The plan would destroy or replace a component that bears data (exit code 5). Nothing was changed.\n"
        "--allow-destroy NAME allows it for that component; --keep NAME leaves it, and what it needs, while the rest goes.\n"
        "Where a replacement is not wanted, the plan names the attribute that forces it: take that edit back.",
    ),
    "PRV-5002": (
        "A component would move",
        "It was delivered by another tool, or in another Terraform root, than the documents now say. Moving it would leave the old one behind.\n"
        "Take the edit of placement, `stack` or module back. Or do it in two applies: take the component and what refers to it out, apply (what\n"
        "bears data needs --allow-destroy NAME, and its data goes: take a backup first), put it in again, apply. To keep data: add a component of\n"
        "another name in the new place, move the data over, then take the old one out.",
    ),
    "PRV-5003": (
        "A parameter would go back",
        "Some parameters change in one direction only: a disk can only grow, a version can only go upwards (exit code 5). What is delivered\n"
        "has more than the documents now ask for, perhaps because a line was taken out and its default counts again. Nothing was changed.\n"
        "Write at least what is delivered. For less, add a component of another name, move the data over, and take the first one out.\n"
        "provision types TYPE shows which parameters these are.",
    ),
    "PRV-5004": (
        "A version that was delivered is frozen",
        "app.oam.dev/publishVersion names what is delivered, once and for all: under a version that is a revision already, neither app.yaml nor an\n"
        "artefact, module or playbook may be another one (exit code 5). provision diff shows what was edited. Fix: give the edit a version of its\n"
        "own. Annotation app.oam.dev/autoUpdate: \"true\" lets modules and playbooks move; without publishVersion nothing is frozen.",
    ),
    "PRV-5010": (
        "A policy protects a component",
        "The plan would destroy or replace a component that a `protect` policy of the application or of the environment names (exit code 5).\n"
        "Nothing was changed. --allow-destroy is not enough, except for users whom the policy allows. It counts as it was when the component was\n"
        "last delivered, and as it is now: to lift it, take it out, apply, and then destroy.",
    ),
    "PRV-5011": (
        "A rule denies it",
        "A rule of the environment, or of the application's policy of type `rules`, is true of what is planned (exit code 5). Nothing was changed.\n"
        "The message begins with what the rule is true of; the rest is its author's. The rule is named with its place.\n"
        "A rule that only warns lets go on.",
    ),
    "PRV-5012": (
        "A rule can't be judged",
        "Its condition asks for a value that is not there, compares values of different kinds, or names one that another component has still to\n"
        "give: deliver that one first, or write the value itself. A rule that denies refuses then (exit code 5):\n"
        "what it guards against can't be ruled out. has(unit.inputs.name) asks whether there is a value; provision policy test tries rules.",
    ),
    "PRV-6101": (
        "The plan no longer fits",
        "Something changed between plan and apply (exit code 11): only what was shown is ever done, so it was not begun.\n"
        "Look again: provision plan, then provision apply.",
    ),
    "PRV-6102": (
        "A stopped run can't be resumed",
        "It stopped because the world was not as its plan showed it, or a playbook that it has yet to play was edited since, or a role, ansible.cfg\n"
        "or an inventory; going on would do what nobody has seen (exit code 11).\n"
        "provision apply makes a new plan from what is there now.",
    ),
    "PRV-6103": (
        "The run is carried out elsewhere",
        "Its process lives on another machine, or is of another boot, and can't be reached from here.\n"
        "Cancel it there. When that machine is gone, its lock runs out by itself after two minutes.",
    ),
    "PRV-6104": (
        "The rest of the run could not be planned",
        "Some components could not be worked out when the plan was made (a wrong value, a module that is gone, a host that did not answer).\n"
        "Walking the same plan again can't deliver them. Mend the cause; provision apply makes a new plan from what is delivered.",
    ),
    "PRV-6105": (
        "A saved plan is stale",
        "Since it was made a document, definition, module, playbook, artefact, state or host was changed (each is named), or it was carried out\n"
        "already. A saved plan is done exactly as it was shown or not at all (exit code 11). Make a new one: provision plan --out FILE.",
    ),
    "PRV-6106": (
        "The file of a plan can't be carried out",
        "Its content does not fit its digest, so it was edited or damaged and nobody can say what was approved; or another version of provision\n"
        "made it, and this one can't read it. Make the plan again: provision plan --out FILE.",
    ),
    "PRV-6201": (
        "There is no such revision",
        "Each run that succeeded is a revision, numbered from 1 for each application and environment: provision history.",
    ),
    "PRV-6202": (
        "What delivered a revision is not kept",
        "The module or playbook was changed since, and no copy of the old one is under .provision/sources: another machine delivered it, or it\n"
        "was too large. Take the edit back from its repository, then roll back again.",
    ),
    "PRV-6203": (
        "The hosts of a revision have left the environment",
        "A component can only go back to hosts that the environment still names. Put one back, or deliver app.yaml as it is now.",
    ),
    "PRV-6221": (
        "Nothing to promote",
        "promote takes the application as another environment has it, so it must have been delivered there from this store.",
    ),
    "PRV-6222": (
        "Not ready to be promoted",
        "The newest run in the environment that is promoted from did not succeed, or is still at work. What is promoted has been delivered in full.\n"
        "Mend it there first: provision resume -e ENVIRONMENT, or provision apply -e ENVIRONMENT.",
    ),
    "PRV-7001": (
        "Something is missing",
        "A tool, a provider or a host is not there (exit code 12). provision doctor looks at all of them and says the fix.",
    ),
    "PRV-7610": (
        "That target is no AWS account",
        "Something asks for AWS at a target that does not offer it, such as a secret under aws:TARGET/….\n"
        "Name a target of this environment that has an `aws` block.",
    ),
}
