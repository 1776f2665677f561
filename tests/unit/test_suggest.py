"""A wrong name is answered with the nearest one, or with the choices."""

import pytest

from provisioner.suggest import suggestion

LETTERS = [f"type-{letter}" for letter in "abcdefghijklmnop"]


@pytest.mark.parametrize(("wrong", "choices", "said"), [
    ("postgress", ["postgres", "queue"], 'did you mean "postgres"?'),
    ("s3", ["vm", "bucket"], "there is: bucket, vm"),
    ("s3", [], ""),
    ("s3", LETTERS, f"there is: {', '.join(LETTERS[:12])}, … (16 in all)"),
])
def test_suggestion(wrong: str, choices: list[str], said: str) -> None:
    assert suggestion(wrong, choices) == said
