"""Codes of workflows: PRV-16xx in the document, PRV-44xx while their steps are carried out. Data only."""

CODES: dict[str, tuple[str, str]] = {
    "PRV-1701": ("No duration", "A duration is a number with a unit, or several: 30s, 5m, 1h30m."),
    "PRV-1702": (
        "Unknown type of step",
        "The workflow's types of steps are listed; further ones come from packages with entry points of provision.workflow_steps.\n"
        "--ignore-unsupported leaves such steps out, and the workflow as a whole when nothing that delivers is left of it.",
    ),
    "PRV-1703": (
        "A type of step that means nothing here",
        "KubeVela has it for Kubernetes, or it is done by others; the reason is shown. --ignore-unsupported leaves it out with a warning.",
    ),
    "PRV-1704": (
        "A wrong `if`",
        'An `if` is a CEL expression that is true or false, or the word always. It knows status.NAME (or status["my-name"]) with phase, succeeded,\n'
        "failed, skipped, timeout and message; inputs.NAME; context.name, environment and version. && || ! == != < > in and parentheses join them.",
    ),
    "PRV-1705": (
        "A step names something that is not there",
        "A component, policy, target or step; or a component is delivered that needs another one which no step delivers.",
    ),
    "PRV-1706": (
        "Not delivered by the workflow",
        "With a workflow only what its steps name is delivered. What is left out stays as it is: it is neither changed nor removed.\n"
        "A step {name: rest, type: deploy} at the end delivers all that earlier ones did not.",
    ),
    "PRV-1707": ("An input without an output", "`from` is the name of an output of another step, or of a component's OAM outputs."),
    "PRV-1708": (
        "A step does not give that",
        "`valueFrom` is a path that begins with one of the names that the type of step gives; of a step that delivers one component: its outputs.",
    ),
    "PRV-1709": (
        "A step can't have that",
        "Only groups have subSteps, and they hold no groups.\n"
        "A step that brings a component (apply-terraform-config, run-playbook) needs a name that no component has.",
    ),
    "PRV-1710": (
        "The workflow that is named",
        "`ref` is the name of a document `kind: Workflow` (steps and mode at its top level), in the application's own file or in\n"
        "workflows/NAME.yaml beside it. It stands in place of `steps`.",
    ),
    "PRV-4401": (
        "An `if` could not be judged",
        "While the workflow ran, a value was of another kind than the expression needs, or was not there. So the step failed.\n"
        "Compare inputs with values of their own kind (text in quotes, numbers without); null is what an input is when its step gave nothing.",
    ),
    "PRV-4402": (
        "A step took too long",
        "Its `timeout`, or the limit of its type, was over. Of a step that delivers, or a group: nothing more of it is begun, and what\n"
        "was begun goes on to its end. provision resume tries it again, with the whole time.",
    ),
    "PRV-4403": ("A web address did not answer well", "Nothing answered, or with a status of 400 or more. Its address may hold a secret."),
    "PRV-4404": ("A smoke test failed", "The address did not answer as it should until the limit was over. What it answered last is shown."),
    "PRV-4405": ("A metric is not as it should be", "The condition did not hold for `failDuration`, or Prometheus gave no value."),
    "PRV-4406": ("A command failed", "It could not be started, or ended with another code than 0. Its last lines are shown."),
    "PRV-4407": ("A message could not be sent", "The receiver did not take it, or its address can't be read. Addresses are those of apprise."),
    "PRV-4408": ("Data could not be handed on", "The file could not be written, or the store of parameters refused."),
    "PRV-4409": ("No endpoint", "None of the components has an output `url` or `host`."),
    "PRV-4410": ("The other application is not delivered", "Its newest run in this environment has not succeeded, and the limit is over."),
    "PRV-6115": ("The run waits for a time", "A step of its workflow waits until then. provision resume RUN --now goes on before."),
    "PRV-6116": ("A yes came too late", "A step waited for longer than its `timeout` (without one 7 days), so the run has failed. "
                 "provision apply makes a new plan."),
}
