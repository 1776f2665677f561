"""The reference language `${head.path|default(x)|urlencode}`: found, checked and filled in JSON values. Pure.

Two readings of the same text:
- `substitute` replaces references by other templates and leaves the result a template (escapes stay);
- `render` replaces every reference by its final value and turns `$${` into `${`.
A string that is one reference and nothing else takes the type of its value; inside longer text values become text.
`|urlencode`, after a default if there is one, writes the value so that it may stand in any part of a URL; the filter goes
wherever the reference goes: a template that stands for it is encoded where it is text and carries the filter on where it refers.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from provisioner.errors import ProvisionError
from provisioner.model import Json

TOKEN = re.compile(r"\$\$\{|\$\{(?:([^{}]*)\})?")
SIMPLE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_@/-]*(\.[A-Za-z0-9_][A-Za-z0-9_@/-]*)+\Z")
"""A reference without default and filter: nearly all are such."""
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_@/-]*\Z")
DEFAULT = re.compile(r"\A(.*?)\s*\|\s*default\((.*)\)\s*\Z", re.DOTALL)
ENCODE = re.compile(r"\s*\|\s*urlencode\s*\Z")
RESERVED = frozenset(("app", "var", "secret", "env", "parameters", "outputs", "module", "hosts", "target", "component", "self"))
"""Heads that are no component names."""
HINT = "write ${NAME.OUTPUT}, optionally with | default(x) and | urlencode; a literal ${ is $${"


SEQUENCES = (list, tuple)


class ReferenceError_(ProvisionError):
    """The text inside `${…}` is not a reference."""

    code = "PRV-1301"


class Unknown(ProvisionError):
    """A reference has no value."""

    code = "PRV-1302"


@dataclass(frozen=True)
class Reference:
    """`${head.a.b|default(x)|urlencode}`; for `secret` the path is one part: all after the first dot."""

    head: str
    path: tuple[str, ...]
    default: Json = None
    has_default: bool = False
    text: str = ""
    encoded: int = 0
    """How often its value is URL-encoded: text that is in a URL may go into a URL again."""

    def __str__(self) -> str:
        return self.text

    @property
    def bare(self) -> str:
        """The text without `|urlencode`: what stands for the value itself."""
        return self.text if not self.encoded else "${" + _without_encoding(self.text[2:-1])[0] + "}"


Part = str | Reference
Lookup = Callable[[Reference], Json]


class _Keep:
    """A lookup answers KEEP to leave a reference as it stands (substitute only)."""


KEEP = _Keep()


def parse_reference(inside: str) -> Reference:
    """Parse the text between `${` and `}`; raises ReferenceError_ with what is allowed."""
    text = "${" + inside + "}"
    if SIMPLE.match(inside) and not inside.startswith("secret."):
        simple, *below = inside.split(".")
        return Reference(simple, tuple(below), text=text)
    body, encoded = _without_encoding(inside.strip())
    default, has_default = None, False
    if match := DEFAULT.match(body):
        body, default, has_default = match[1].strip(), literal(match[2].strip()), True
    head, _, rest = body.partition(".")
    path = (rest,) if head == "secret" else tuple(rest.split(".")) if "." in body else ()
    if not NAME.match(head) or not all(path) or ENCODE.search(body) or (
            head != "secret" and not all(part == "*" or NAME.match(part) for part in path)):
        raise ReferenceError_(f"{text} is not a reference", hint=HINT)
    return Reference(head, path, default, has_default, text, encoded)


def _without_encoding(inside: str) -> tuple[str, int]:
    """The text before `|urlencode`, and how often that stands there."""
    times = 0
    while match := ENCODE.search(inside):
        inside, times = inside[:match.start()], times + 1
    return inside, times


def literal(text: str) -> Json:
    """A value as it stands in `default(…)`: 'text', JSON, or bare text."""
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        return text


@lru_cache(maxsize=20_000)
def parts(text: str) -> tuple[Part, ...]:
    """A string as literal parts (escapes as written) and references. Raises ReferenceError_.

    Definitions repeat the same few templates for every component: each is parsed once.
    """
    found: list[Part] = []
    end = 0
    for match in TOKEN.finditer(text):
        if match[0] == "$${":
            continue
        if match[1] is None:
            raise ReferenceError_("${ without a reference after it", hint="close it with }, or write $${ for a literal ${")
        if match.start() > end:
            found.append(text[end:match.start()])
        found.append(parse_reference(match[1]))
        end = match.end()
    if end < len(text):
        found.append(text[end:])
    return tuple(found)


def find(value: Json, path: str = "") -> Iterator[tuple[str, Reference]]:
    """Every reference in a JSON value, with the dotted path of the string that holds it."""
    if isinstance(value, str):
        if "${" in value:
            for part in parts(value):
                if isinstance(part, Reference):
                    yield path, part
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from find(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, SEQUENCES):
        for index, item in enumerate(value):
            yield from find(item, f"{path}.{index}" if path else str(index))


def escape(value: Json) -> Json:
    """A literal value as a template that renders to it."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {key: escape(item) for key, item in value.items()}
    if isinstance(value, SEQUENCES):
        return [escape(item) for item in value]
    return value


PLAIN = (int, bool, float, type(None))


def substitute(value: Json, lookup: Lookup) -> Json:
    """Replace references by templates; `lookup` answers a template or KEEP. The result is a template."""
    if isinstance(value, str):
        return _substitute_text(value, lookup) if "${" in value else value
    if isinstance(value, dict):
        # most items are plain: a call for each of them is a third of the time that a large application takes
        return {key: (item if "${" not in item else _substitute_text(item, lookup)) if item.__class__ is str
                else item if item.__class__ in PLAIN else substitute(item, lookup) for key, item in value.items()}
    if isinstance(value, SEQUENCES):
        return [substitute(item, lookup) for item in value]
    return value


Filling = Callable[[Lookup], Json]
"""A template that is ready to be filled: as `substitute` with that template."""


def prepared(value: Json) -> Filling:
    """`substitute` for a template that is filled many times, such as one of a definition: looked through once."""
    if isinstance(value, dict):
        return _prepared_map(value)
    if isinstance(value, SEQUENCES):
        items = [prepared(item) for item in value]
        return lambda lookup: [fill(lookup) for fill in items]
    if is_plain(value):
        return lambda lookup: value
    if (whole := _whole(value)) is not None and not whole.encoded:
        return lambda lookup: value if (found := lookup(whole)) is KEEP else found
    return lambda lookup: _substitute_text(value, lookup)


def _prepared_map(value: dict[str, Json]) -> Filling:
    plain = {key: item if is_plain(item) else None for key, item in value.items()}
    moving = [(key, prepared(item)) for key, item in value.items() if not is_plain(item)]

    def fill(lookup: Lookup) -> Json:
        filled = plain.copy()
        for key, below in moving:
            filled[key] = below(lookup)
        return filled

    return fill


def _substitute_text(text: str, lookup: Lookup) -> Json:
    if (whole := _whole(text)) is not None:
        found = lookup(whole)
        return text if found is KEEP else _encoded_template(found, whole.encoded) if whole.encoded else found
    return _joined(part if isinstance(part, str) else _inner(lookup(part), part) for part in parts(text))


@lru_cache(maxsize=20_000)
def _whole(text: str) -> Reference | None:
    """The reference that a text is and nothing else."""
    split = parts(text)
    return split[0] if len(split) == 1 and isinstance(split[0], Reference) else None


def _encoded_template(template: Json, times: int) -> Json:
    """A template whose value is that of the given one, URL-encoded: its text at once, its references when they have a value."""
    if not times:
        return template
    return "".join(as_text(_encoded(unescape(part), times)) if isinstance(part, str) else "${" + part.text[2:-1] + "|urlencode" * times + "}"
                   for part in parts(as_text(template)))


def _encoded(value: Json, times: int) -> Json:
    """The value as text that may stand in any part of a URL; as it is when `times` is 0."""
    for _ in range(times):
        value = quote(as_text(value), safe="")
    return value


def _joined(templates: Iterable[str]) -> str:
    """Templates side by side; where a `$` meets a `{` they must not become a reference that nobody wrote."""
    found = ""
    for template in templates:
        found += "$" + template if template.startswith("{") and found.endswith("$") else template
    return found


def _inner(found: Json, part: Reference) -> str:
    return str(part) if found is KEEP else as_text(_encoded_template(found, part.encoded))


def render(value: Json, lookup: Lookup) -> Json:
    """The final value: every reference looked up (raise Unknown where there is none), escapes undone."""
    if isinstance(value, str):
        return _render_text(value, lookup) if "${" in value else value
    if isinstance(value, dict):
        return {key: render(item, lookup) for key, item in value.items()}
    if isinstance(value, SEQUENCES):
        return [render(item, lookup) for item in value]
    return value


def _render_text(text: str, lookup: Lookup) -> Json:
    split = parts(text)
    if len(split) == 1 and isinstance(split[0], Reference):
        return _encoded(lookup(split[0]), split[0].encoded)
    return "".join(unescape(part) if isinstance(part, str) else as_text(_encoded(lookup(part), part.encoded)) for part in split)


def unescape(text: str) -> str:
    return text.replace("$${", "${")


def as_text(value: Json) -> str:
    """How a value looks inside longer text: text as it is, booleans as in JSON, structures as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value)


def dig(value: Json, path: tuple[str, ...], reference: Reference) -> Json:
    """Follow a path into dicts and lists (`*`: every item); the default, or Unknown with the choices, where it leads nowhere."""
    if len(path) == 1 and value.__class__ is dict and path[0] in value:
        return value[path[0]]  # nearly all
    for index, part in enumerate(path):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif part == "*" and isinstance(value, SEQUENCES):
            return [dig(item, path[index + 1:], reference) for item in value]
        elif isinstance(value, SEQUENCES) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif reference.has_default:
            return reference.default
        else:
            choices = _choices(value)
            raise Unknown(f"{reference}: nothing at {part!r}", hint=f"there is: {choices}" if choices else "")
    return value


def _choices(value: Json) -> str:
    if isinstance(value, dict):
        return ", ".join(map(str, value))
    return f"0 to {len(value) - 1}" if isinstance(value, SEQUENCES) and value else ""


def no_lookup(reference: Reference) -> Json:
    """A lookup for values that must hold no reference any more."""
    raise Unknown(f"{reference} has no value yet")


def secret_paths(value: Json) -> list[str]:
    """The paths of all `${secret.…}` references in a template."""
    return [reference.path[0] for _, reference in find(value) if reference.head == "secret"]


def is_plain(value: Json) -> bool:
    """True for one value, no map or list, that surely holds no reference: most are such, and worth no second look."""
    return "${" not in value if value.__class__ is str else value.__class__ in PLAIN


def is_known(value: Json) -> bool:
    """True when only secrets are left to look up."""
    return is_plain(value) or all(reference.head == "secret" for _, reference in find(value))
