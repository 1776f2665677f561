"""The nouns, as frozen values. Imports only `errors`. Nothing here does I/O or knows a tool.

Templates: wherever a field is called a *template* it is JSON whose strings may hold `${…}` references in the
grammar of `references`; a literal `${` is written `$${`.
"""

from pathlib import Path

from provisioner.model.documents import (
    ActionSpec,
    Addition,
    Application,
    Component,
    Definition,
    Environment,
    Host,
    Hosts,
    Implementation,
    Input,
    Output,
    OutputSpec,
    PlaceRule,
    Target,
    Trait,
)
from provisioner.model.plans import (
    Change,
    ChangeRule,
    Commit,
    Commits,
    FileDiff,
    HostSource,
    Origin,
    Plan,
    Purpose,
    Secret,
    Step,
    Unit,
    predecessors,
)
from provisioner.model.policies import Handling, Once, Override, Policy, PolicyRule, Recreate, TraitPatch
from provisioner.model.runs import RUN_MOVES, STEP_MOVES, Acceptance, Delivered, Event, RunState, StepEnded, StepState
from provisioner.model.words import NOWHERE, WORKFLOW, Action, EngineName, Json, Rule, StepKind
from provisioner.model.workflow import PATIENCE, Flow, Mode, StepInput, StepOutput, Workflow, WorkflowStep

__all__ = [
    "PATIENCE",
    "Acceptance",
    "Action",
    "ActionSpec",
    "Addition",
    "Application",
    "Change",
    "ChangeRule",
    "Commit",
    "Commits",
    "Component",
    "Definition",
    "Delivered",
    "EngineName",
    "Environment",
    "Event",
    "FileDiff",
    "Flow",
    "Handling",
    "Host",
    "HostSource",
    "Hosts",
    "Implementation",
    "Input",
    "Json",
    "Mode",
    "NOWHERE",
    "Once",
    "Output",
    "OutputSpec",
    "Override",
    "PlaceRule",
    "Origin",
    "Plan",
    "Policy",
    "PolicyRule",
    "Purpose",
    "RUN_MOVES",
    "Rule",
    "Recreate",
    "RunState",
    "STEP_MOVES",
    "Secret",
    "Step",
    "StepEnded",
    "StepInput",
    "StepKind",
    "StepOutput",
    "StepState",
    "Target",
    "Trait",
    "TraitPatch",
    "Unit",
    "WORKFLOW",
    "Workflow",
    "WorkflowStep",
    "predecessors",
    "project_path",
]


def project_path(folder: str) -> Path:
    """Where provision keeps its own files: `.provision/` beside app.yaml."""
    return Path(folder) / ".provision"
