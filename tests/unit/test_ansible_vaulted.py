"""What a play's vaults hold, and events without it."""

import json
from pathlib import Path

import pytest

from provisioner.engines.ansible.vaulted import Notes, masked, values
from provisioner.model import Json


@pytest.mark.parametrize(("text", "secret"), [
    ("hunter22\n", ["hunter22"]), ("a: hunter22\nb: [x-long, {c: deep-one}]\nport: 5432\non: true\n", ["hunter22", "x-long", "deep-one"]),
    ("a: !vault abc\nb: !unsafe '{{ x }}'\n", ["abc", "{{ x }}"]), ("---\n[not: {yaml", ["---\n[not: {yaml"]), ("4711", ["4711"]),
])
def test_values_of_a_decrypted_text(text: str, secret: list[str]) -> None:
    assert list(values(text)) == secret


def test_what_is_noted_later_is_known_from_then_on(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "vaulted", ["given-one"])
    event: Json = {"result": {"msg": "given-one and noted-one", "port": 4711, "noted-one": ["noted-one", None, True]}}
    assert masked(event, notes.pattern()) == {"result": {"msg": "(secret) and noted-one", "port": 4711, "noted-one": ["noted-one", None, True]}}
    path = Path(notes.begun())
    assert path.stat().st_mode & 0o777 == 0o600
    line = json.dumps("a: noted-one\nb: '4711'\n")
    path.write_text(line[:5])
    assert "noted-one" in str(masked(event, notes.pattern()))
    path.write_text(line + "\n")
    assert masked(event, notes.pattern()) == {"result": {"msg": "(secret) and (secret)", "port": 4711, "(secret)": ["(secret)", None, True]}}


def test_without_secrets_an_event_is_as_it_is(tmp_path: Path) -> None:
    event: Json = {"msg": "x"}
    assert masked(event, Notes(tmp_path / "none", ()).pattern()) is event
