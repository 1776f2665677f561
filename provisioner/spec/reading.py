"""What reading an Application and an Environment have in common: the head of a document, its schema, its references. Pure."""

from collections.abc import Iterator, Mapping

from provisioner import references
from provisioner.errors import Problem, Where
from provisioner.model import Json
from provisioner.spec.checking import Codes, check, name_of
from provisioner.spec.document import Document, Node, Steps
from provisioner.spec.judging import Shape, shown

DOCUMENT = Codes("PRV-1203", "PRV-1202", "PRV-1204", "PRV-1205")


def head(document: Document, kind: str, *apis: str) -> list[Problem]:
    """Is it a document of this kind at all? When not, nothing else of it is worth a word."""
    value = document.value
    if not isinstance(value, dict):
        return [Problem("PRV-1200", f"a document is a map with apiVersion and kind, this is {shown(value)}", document.value_at(()))]
    if value.get("apiVersion") in apis and value.get("kind") == kind:
        return []
    found = []
    for field, choices in (("apiVersion", apis), ("kind", (kind,))):
        wanted = choices[0]
        if field not in value:
            found.append(Problem("PRV-1201", f'"{field}" is missing', document.value_at(()), f"{field}: {wanted}"))
        elif value[field] not in choices:
            found.append(Problem("PRV-1201", f"{field} is {shown(value[field])}", document.value_at((field,)), f"here it is: {field}: {wanted}"))
    return found


def violations(document: Document, shape: Shape, codes: Codes = DOCUMENT, *, references: bool = False) -> list[Problem]:
    """What is against the schema."""
    def locate(path: Steps, key: bool) -> Where:
        return document.key_at(path) if key and path else document.value_at(path)

    return check(shape, document.value, codes, locate, references=references)


def repeated(document: Document, path: Steps, noun: str) -> Iterator[Problem]:
    """Items of a list that carry the name of an earlier one."""
    first: dict[str, int] = {}
    node = document.find(path)
    if len(path) and node is document.find(path[:-1]):
        return
    for index, item in enumerate(node.below if isinstance(node.below, list) else ()):
        name = item.value.get("name") if isinstance(item.value, dict) else None
        if not isinstance(name, str):
            continue
        if first.setdefault(name, index) != index:
            line = document.value_at((*path, first[name], "name")).line
            yield Problem("PRV-1206", f'{name_of((*path, index))}: {noun} "{name}" is there twice', document.value_at((*path, index, "name")),
                          f"the first one is in line {line}")


def bad_references(document: Document, node: Node) -> Iterator[Problem]:
    """Texts with something in `${…}` that is no reference."""
    if isinstance(node.value, str):
        try:
            references.parts(node.value)
        except references.ReferenceError_ as error:
            yield Problem(error.code, error.message, document.where(node.at), error.hint)
        return
    for below in node.below.values() if isinstance(node.below, dict) else node.below or ():
        if not references.is_plain(below.value):
            yield from bad_references(document, below)


def sound(value: Json) -> Json:
    """The value with broken references as plain text, so that the rest can still be judged."""
    if isinstance(value, str):
        if "${" in value:
            try:
                references.parts(value)
            except references.ReferenceError_:
                return references.escape(value)
        return value
    if isinstance(value, dict):
        return {key: sound(item) for key, item in value.items()}
    return [sound(item) for item in value] if isinstance(value, list) else value


def unsupported(problems: list[Problem], where: Where, what: str) -> None:
    """A thing that OAM knows and provision does not carry out yet."""
    problems.append(Problem("PRV-1208", f"{what} is not supported yet", where, "take it out; nothing is left out silently"))


def text_map(value: Json) -> dict[str, str]:
    """A map of texts; what is no text was reported already."""
    return {key: item for key, item in value.items() if isinstance(item, str)} if isinstance(value, Mapping) else {}
