"""What jsonschema says of a value or of a schema: the whole judgement, where the quick questions have no answer. Pure.

jsonschema is imported when it is asked first: it takes 80 ms, and of most documents it is asked nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from provisioner.model import Json
from provisioner.spec.document import Steps
from provisioner.spec.fitting import fitting
from provisioner.spec.formats import fault
from provisioner.spec.relations import KEYWORDS, Rule
from provisioner.spec.sound import surely_sound

Violation = Any
"""jsonschema's ValidationError; its attributes are typed as "perhaps unset", which they never are here."""


class Shape:
    """A JSON Schema that values are checked against."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self.surely_fits = fitting(schema)

    def violations(self, value: Json) -> list[Violation]:
        """All that is wrong with a value."""
        return [] if self.surely_fits(value) else list(_validator()(self.schema).iter_errors(value))

    def accepts(self, value: Json) -> bool:
        """True when nothing is wrong."""
        return self.surely_fits(value) or bool(_validator()(self.schema).is_valid(value))


def fault_of_schema(schema: Json) -> tuple[str, Steps] | None:
    """Why something is no JSON Schema, and the path of what is wrong with it; None where it is one."""
    if surely_sound(schema):
        return None
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return error.message, tuple(error.absolute_path)
    return None


@cache
def _validator() -> Any:
    """JSON Schema with the formats and relations that are known here."""
    from jsonschema import Draft202012Validator, validators
    from jsonschema.exceptions import ValidationError

    def related(rule: Rule) -> Callable[[Any, Any, Json, Mapping[str, Any]], Iterator[ValidationError]]:
        def violated(_validator: Any, wanted: Any, value: Json, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
            for says, path in rule(wanted, value, schema):
                yield ValidationError(says, path=path)
        return violated

    def formatted(_validator: Any, name: str, value: Json, _schema: Json) -> Iterator[ValidationError]:
        if isinstance(value, str) and value and (says := fault(name, value)):
            yield ValidationError(f"{says}, is {shown(value)}")

    keywords = {keyword: related(rule) for keyword, rule in KEYWORDS.items()}
    return validators.extend(Draft202012Validator, {**keywords, "format": formatted})  # type: ignore[no-untyped-call]


def shown(value: Json) -> str:
    """A wrong value in a message: short, and its kind where it is a structure."""
    if isinstance(value, dict | list):
        return "a map" if isinstance(value, dict) else "a list"
    if isinstance(value, str):
        text = value.replace("\n", "\\n")
        return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}…"'
    return "empty" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
