"""The strict loader: values of YAML 1.2, places of keys and values, and what is refused (more in tests/cases/bad)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import Invalid
from provisioner.model import Json
from provisioner.spec import source, yaml
from provisioner.spec.document import Places

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT, below, max_size=4), max_leaves=12)


@given(VALUES.filter(lambda value: value is not None))
def test_json_is_yaml(value: Json) -> None:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    assert yaml.parse(text).value == value


@pytest.mark.parametrize(("text", "value"), [
    ("on", "on"), ("yes", "yes"), ("22:30", "22:30"), ("1_000", "1_000"), ("0o17", 15), ("0x1F", 31), ("-1", -1), ("+1", 1), ("0", 0),
    ("1.5e3", 1500.0), (".5", 0.5), ("1.", 1.0), ("~", None), ("Null", None), ("TRUE", True), ("False", False), ("tRUE", "tRUE"),
    ("2024-01-31", "2024-01-31"), ("1.2.3", "1.2.3"), ("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ("! 1", "1"),
    ("|\n  a\n  b\n", "a\nb\n"), ("2001:db8::1", "2001:db8::1"), ("10.0.0.0/8", "10.0.0.0/8"),
])
def test_scalars(text: str, value: Json) -> None:
    found = yaml.parse(f"x: {text}").value["x"]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize("text", ["0644", "-007", ".inf", "-.INF", ".nan", "1e999"])
def test_ambiguous_numbers_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match="PRV-1117"):
        yaml.parse(f"x: {text}")


def test_all_problems_of_a_text_at_once() -> None:
    with pytest.raises(Invalid) as raised:
        yaml.parse("a: 1\na: 2\nb: !x y\nc: {d: 1, d: 2}\n")
    assert [(problem.code, str(problem.where)) for problem in raised.value.problems] == [
        ("PRV-1110", ":2:1"), ("PRV-1115", ":3:4"), ("PRV-1110", ":4:11")]


def test_keys_are_text_as_written() -> None:
    assert yaml.parse("on: 1\n22: 2\ntrue: 3\n1.10: 4\n").value == {"on": 1, "22": 2, "true": 3, "1.10": 4}


def test_merge_keys() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: *a, y: 9}\nd:\n  <<: [*a, *b]\ne: {'<<': 1}\n"
    value = yaml.parse(text).value
    assert value["c"] == {"y": 9, "x": 1}
    assert value["d"] == {"x": 1, "y": 2, "z": 4}
    assert value["e"] == {"<<": 1}
    with pytest.raises(Invalid, match="PRV-1118"):
        yaml.parse("a: {<<: 1}")


def test_aliases_within_the_limit() -> None:
    assert yaml.parse("a: &a [1, 2]\nb: [*a, *a]\n").value["b"] == [[1, 2], [1, 2]]


def test_places_of_values_and_keys() -> None:
    document = yaml.parse("name: web\nconfig:\n  /etc/a.conf: 'x'\n  list:\n    - one\n    - {k: \"é ${db.url}\", second: 2}\n", "app.yaml")
    places = Places(document, document.root)
    assert str(places["name"]) == "app.yaml:1:7"
    assert str(places["name:"]) == "app.yaml:1:1"
    assert str(places["config./etc/a.conf"]) == "app.yaml:3:16"
    assert str(places["config./etc/a.conf:"]) == "app.yaml:3:3"
    assert str(places["config.list.1.second"]) == "app.yaml:6:34"
    assert places["config.list.1.second"].excerpt[-1] == (6, '    - {k: "é ${db.url}", second: 2}')
    assert places["config.list.1.k"].width == len('"é ${db.url}"')
    assert places.get("config.nothing") is None and places.get("config.list.7") is None and places.get("name.x") is None
    assert "config.list.1.k" in list(places) and len(places) == 8


def test_windows_line_ends_and_byte_order_mark() -> None:
    document = yaml.parse(source.decode(b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: 2\r\n", "f"), "f")
    assert document.value == {"a": 1, "b": {"c": 2}}
    assert str(document.value_at(("b", "c"))) == "f:3:6"


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="provision init"):
        yaml.read(tmp_path / "app.yaml")
    with pytest.raises(Invalid, match="PRV-1101"):
        yaml.read(tmp_path)
    with pytest.raises(Invalid, match="PRV-1102"):
        yaml.read(Path("/dev/zero"))


@pytest.mark.parametrize(("text", "code"), [
    ("a: [1, 2", "PRV-1108"), ("a: b: c", "PRV-1108"), ("a: @x", "PRV-1108"), ("a: *x", "PRV-1112"), ("a: &x [*x]", "PRV-1112"),
    ("? [a]\n: b", "PRV-1114"), ("&a x: 1\n*a : 2", "PRV-1114"), ("a: {b: x${c.d}}", "PRV-1113"), ("[${c.d}]", "PRV-1113"), ("a:\n\t- b", "PRV-1109"),
    ("a: b\n\tc: d", "PRV-1109"), ("a: 1\n---\nb: 2", "PRV-1107"), ("", "PRV-1106"), ("%YAML 9.9\n---\na: 1", "PRV-1108"),
])
def test_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as raised:
        yaml.parse(text, "f")
    assert [problem.code for problem in raised.value.problems] == [code]
    assert raised.value.problems[0].hint or code == "PRV-1112" or "%" in text


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        yaml.parse(source.decode(text.encode("utf-8", "replace"), "f"), "f")
    except Invalid as error:
        assert error.problems


@pytest.mark.parametrize("brackets", ["[", "{a: ", "- "])
@pytest.mark.parametrize("levels", [101, 900, 100_000])
def test_depth_has_one_limit_whatever_the_parser_s_own_is(brackets: str, levels: int) -> None:
    with pytest.raises(Invalid) as raised:
        yaml.parse(brackets * levels)
    assert [problem.code for problem in raised.value.problems] == ["PRV-1116"]
