"""Copies of frozen values where there are ten thousand of them. Pure."""

from typing import Any, TypeVar

Value = TypeVar("Value")


def copied(value: Value, **changes: Any) -> Value:
    """As `dataclasses.replace`, for a frozen dataclass without slots and __post_init__, in a tenth of the time.

    `replace` reads and sets each of a unit's forty fields by itself. Field names are not checked here.
    """
    made = object.__new__(type(value))
    vars(made).update(vars(value), **changes)
    return made
