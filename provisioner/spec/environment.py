"""environments/NAME.yaml, or what `--on` says, to an Environment. Finds every problem of the document; knows no application."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from provisioner import durations, references
from provisioner.errors import Invalid, Problem, ProvisionError
from provisioner.model import Environment, Host, Hosts, Json, Override, PlaceRule, Policy, PolicyRule, Target, TraitPatch
from provisioner.references import KEEP, Reference
from provisioner.spec import environment_shape, extending, policies, scalars, schedule, yaml
from provisioner.spec import rules as rule_documents
from provisioner.spec.document import Document, Node, Steps
from provisioner.spec.judging import Shape
from provisioner.spec.reading import bad_references, head, repeated, unsupported, violations
from provisioner.spec.targets import target
from provisioner.suggest import suggestion

SHAPE = Shape(environment_shape.ENVIRONMENT)
TARGET = Shape(environment_shape.TARGET)
RULE = Shape(environment_shape.PLACE)
OVERRIDE = Shape(environment_shape.OVERRIDE)
RULES = Shape(environment_shape.RULE)
FOLDER = "environments"
NOT_TEXT = frozenset(("port", "become", "sshWait", "local", "simulated"))
"""Keys whose value from `${env.NAME}` is read as a number or boolean: environment variables are text."""
USER = r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?"
ADDRESS = re.compile(USER + r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*))(?::(?P<port>[0-9]{1,5}))?\Z")
BARE_SIX = re.compile(USER + r"(?P<six>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*)(?P<port>)(?P<host>)\Z")
"""USER@HOST:PORT; an IPv6 address without brackets can have no port."""


def find_environments(folder: Path) -> dict[str, Path]:
    """The environments of a project by name: `environments/NAME.yaml`."""
    found: dict[str, Path] = {}
    for path in sorted((folder / FOLDER).glob("*.y*ml")):
        if path.suffix in (".yaml", ".yml"):
            found.setdefault(path.stem, path)
    return found


def read_environment(path: Path, env: Mapping[str, str], chain: tuple[str, ...] = ()) -> Environment:
    """The environment in a file; `env` is what `${env.NAME}` can see, `chain` who extends it. Raises Invalid with all problems."""
    document = yaml.read(path)
    if wrong := head(document, "Environment", environment_shape.API):
        raise Invalid(wrong)
    beside = path.absolute().parent
    inside = beside.name == FOLDER
    circles: list[Problem] = []
    file = extending.base_file(document, path, (*chain, path.stem), circles)
    base = read_environment(file, env, (*chain, path.stem)) if file else None
    environment, problems = of_document(document, beside.parent if inside else beside, env, base)
    problems += circles
    if inside and environment.name and environment.name != path.stem:
        problems.append(Problem("PRV-1226", f'the environment of {path.name} is named "{environment.name}"',
                                document.value_at(("metadata", "name")), f"name both {path.stem}, or the file {environment.name}.yaml"))
    if any(problem.severity == "error" for problem in problems):
        raise Invalid(sorted(dict.fromkeys(problems), key=lambda found: (found.where.line, found.where.column) if found.where else (0, 0)))
    return environment


def of_document(document: Document, project: Path, env: Mapping[str, str], base: Environment | None = None) -> tuple[Environment, list[Problem]]:
    """The environment that a document holds, over the one that it extends; and its problems."""
    problems = list(bad_references(document, document.root))
    if not problems:
        _resolve(document, document.root, env, problems)
    problems += violations(document, SHAPE, references=bool(problems))
    spec = _map(document.value.get("spec"))
    problems += repeated(document, ("spec", "targets"), "target")
    for key in environment_shape.LATER:
        if key in spec:
            unsupported(problems, document.key_at(("spec", key)), f'"{key}"')
    targets = [found for index in _sound(spec, "targets", TARGET) if (found := target(document, ("spec", "targets", index), project, problems))]
    names = [target.name for target in base.targets] if base else []
    names += [str(entry["name"]) for entry in _listed(spec, "targets") if isinstance(entry, dict) and "name" in entry]
    _aliases(document, _map(spec.get("aliases")), names, problems)
    place = [_rule(document, index, names, problems) for index in _sound(spec, "place", RULE)]
    override = [_override(document, key, index, problems) for key in ("defaults", "override") for index in _sound(spec, key, OVERRIDE)]
    handled = tuple(_policies(document, problems))
    rules = tuple(_rules(document, project, problems))
    own = Environment(
        str(_map(document.value.get("metadata")).get("name", "")), tuple(targets), tuple(place), tuple(override), handled, rules,
        _map(spec.get("vars")), _map(spec.get("secrets")), _map(spec.get("aliases")), _map(spec.get("stacks")),
        _drift(document, _map(spec.get("drift")), problems), _yes_within(document, _map(spec.get("workflow")), problems), str(project))
    return extending.extended(base, own) if base else own, problems


def _map(value: Json) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(spec: Mapping[str, Any], key: str) -> list[Json]:
    return spec[key] if isinstance(spec.get(key), list) else []


def _sound(spec: Mapping[str, Any], key: str, shape: Shape) -> list[int]:
    """The items of a list that fit their schema: only those can be looked at more closely."""
    return [index for index, item in enumerate(_listed(spec, key)) if shape.accepts(item)]


def on_hosts(addresses: Iterable[str]) -> Environment:
    """The environment "on" of `--on USER@HOST:PORT`: one target with these hosts. Raises Invalid."""
    hosts: list[Host] = []
    problems: list[Problem] = []
    for address in addresses:
        match = ADDRESS.match(address) or BARE_SIX.match(address)
        if match is None or int(match["port"] or 22) > 65535:
            problems.append(Problem("PRV-1224", f'--on: "{address}" is no host', hint="write USER@HOST or USER@HOST:PORT; USER@ can be left out"))
            continue
        where, port, user = match["six"] or match["host"], int(match["port"] or 22), match["user"] or ""
        name = where if all(host.name != where for host in hosts) else f"{where}-{port}"
        if any(host.address == where and host.port == port for host in hosts):
            problems.append(Problem("PRV-1224", f'--on: "{address}" is there twice'))
        hosts.append(Host(name, where, "on", user, port, become=user != "root"))
    if problems:
        raise Invalid(problems)
    return Environment("on", (Target("on", offers=("hosts",), hosts=Hosts(tuple(hosts))),))


def _resolve(document: Document, node: Node, env: Mapping[str, str], problems: list[Problem]) -> None:
    """Replace `${env.NAME}` in place, in values and in the containers that hold them."""
    pairs = node.below.items() if isinstance(node.below, dict) else enumerate(node.below or ())
    for key, below in pairs:
        if isinstance(below.value, str) and "${env." in below.value:
            value = _value(document, below, env, problems)
            below.value = scalars.plain(value) if key in NOT_TEXT and isinstance(value, str) else value
        elif below.below is not None:
            _resolve(document, below, env, problems)
        node.value[key] = below.value


def _value(document: Document, node: Node, env: Mapping[str, str], problems: list[Problem]) -> Json:
    def look_up(reference: Reference) -> Json:
        if reference.head != "env":
            return KEEP
        name = ".".join(reference.path)
        if name in env:
            return references.escape(env[name])
        if reference.has_default:
            return references.escape(reference.default)
        problems.append(Problem("PRV-1221", f"{reference}: the environment variable {name} is not set", document.where(node.at),
                                f"export {name}=…, or give a default: ${{env.{name} | default('…')}}"))
        return KEEP

    try:
        return references.substitute(node.value, look_up)
    except ProvisionError as error:
        problems.append(Problem(error.code, error.message, document.where(node.at), error.hint))
        return ""


def _rule(document: Document, index: int, targets: list[str], problems: list[Problem]) -> PlaceRule:
    path: Steps = ("spec", "place", index)
    value: dict[str, Any] = document.find(path).value
    where = document.value_at(path)
    ways = [way for way in ("one", "each", "existing") if way in value]
    if len(ways) != 1:
        says = "says " + " and ".join(ways) if ways else "says not where"
        problems.append(Problem("PRV-1225", f"place[{index}] {says}", where,
                                "one of: one: {LABEL: VALUE}, each: {LABEL: VALUE}, existing: {OUTPUT: VALUE}"))
    if not value.get("components") and not value.get("types"):
        problems.append(Problem("PRV-1225", f"place[{index}] says not for what", where, "components: [NAME] or types: [TYPE]"))
    for way in ways:
        for key in ("target", "name"):
            chosen = value[way].get(key) if way != "existing" else None
            if chosen is not None and chosen not in targets:
                problems.append(Problem("PRV-1222", f'place[{index}]: no target "{chosen}"', document.value_at((*path, way, key)),
                                        suggestion(chosen, targets)))
    return PlaceRule(tuple(value.get("components", ())), tuple(value.get("types", ())), value.get("one"), value.get("each"),
                     value.get("existing"), where)


def _aliases(document: Document, aliases: Mapping[str, Json], targets: list[str], problems: list[Problem]) -> None:
    for alias, name in aliases.items():
        if isinstance(name, str) and name not in targets:
            problems.append(Problem("PRV-1222", f'aliases.{alias}: no target "{name}"', document.value_at(("spec", "aliases", alias)),
                                    suggestion(name, targets)))


def _override(document: Document, key: str, index: int, problems: list[Problem]) -> Override:
    """One of `override`, or of `defaults`, which are laid below what the component says itself."""
    rule = document.find(("spec", key, index)).value
    where = document.value_at(("spec", key, index))
    if not rule.get("components") and not rule.get("types"):
        problems.append(Problem("PRV-1225", f"{key}[{index}] says not for what", where, "components: [NAME] or types: [TYPE]"))
    traits = tuple(TraitPatch(trait["type"], trait.get("properties", {}), bool(trait.get("disable"))) for trait in rule.get("traits", ()))
    return Override(tuple(rule.get("components", ())), tuple(rule.get("types", ())), rule.get("properties", {}), traits,
                    below=key == "defaults", where=where)


def _rules(document: Document, project: Path, problems: list[Problem]) -> Iterator[PolicyRule]:
    """The rules of the environment, in its own words or in files beside app.yaml."""
    for index in _sound(_map(document.value.get("spec")), "rules", RULES):
        place: Steps = ("spec", "rules", index)
        item = document.find(place).value
        if "file" not in item:
            yield from rule_documents.one(document, place, problems)
            continue
        try:
            yield from rule_documents.read_file(project / item["file"]).rules
        except Invalid as error:
            problems += error.problems


def _policies(document: Document, problems: list[Problem]) -> Iterator[Policy]:
    """How units are handled here, whatever an application says."""
    for index, item in enumerate(_listed(_map(document.value.get("spec")), "policies")):
        place: Steps = ("spec", "policies", index)
        kind = item.get("type") if isinstance(item, dict) else None
        if kind in policies.OF_APPLICATIONS:
            problems.append(Problem("PRV-1209", f'policies[{index}]: "{kind}" is a policy of applications', document.value_at((*place, "type")),
                                    "an environment has place, override and rules for that"))
            continue
        policy, wrong = policies.read(document, place)
        problems += wrong
        if policy:
            yield policy


def _drift(document: Document, drift: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    line = drift.get("schedule")
    if isinstance(line, str) and (wrong := schedule.wrong(line)):
        problems.append(Problem("PRV-1227", f'drift.schedule: "{line}" is no schedule: {wrong}',
                                document.value_at(("spec", "drift", "schedule")), 'a cron line of five fields, such as "0 6 * * *"'))
    return drift


def _yes_within(document: Document, workflow: dict[str, Any], problems: list[Problem]) -> float:
    try:
        found = durations.seconds(str(workflow.get("yesWithin", 0)))
        if found > 0 or "yesWithin" not in workflow:
            return found
        wrong = "nobody can say yes in no time"
    except ValueError as error:
        wrong = str(error)
    problems.append(Problem("PRV-1701", f"workflow.yesWithin: {wrong}", document.value_at(("spec", "workflow", "yesWithin")), "such as 48h"))
    return 0
