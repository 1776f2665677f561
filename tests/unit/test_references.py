"""The reference language: parsing, finding, filling, rendering, and that no value can smuggle a reference in."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provisioner import references
from provisioner.references import KEEP, Reference, ReferenceError_, Unknown

texts = st.text(alphabet="${}.a|'@-\"\\ü", max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=6)


def no_reference(reference: Reference) -> Any:
    raise AssertionError(f"{reference} was smuggled in")


@pytest.mark.parametrize(("inside", "head", "path", "default"), [
    ("db.url", "db", ("url",), None),
    ("db", "db", (), None),
    (" db.hosts.0.address ", "db", ("hosts", "0", "address"), None),
    ("fleet@aws-1.hosts.*.name", "fleet@aws-1", ("hosts", "*", "name"), None),
    ("db@dc/1.port|default(5432)", "db@dc/1", ("port",), 5432),
    ("db.port | default('5432')", "db", ("port",), "5432"),
    ("db.flag | default(true)", "db", ("flag",), True),
    ("db.name | default(a, b (c))", "db", ("name",), "a, b (c)"),
    ("db.name | default()", "db", ("name",), ""),
    ("secret.payments/hsm-pin", "secret", ("payments/hsm-pin",), None),
    ("secret.aws:t/arn:aws:secretsmanager:us-east-1:1:secret:rds!db-1#password", "secret",
     ("aws:t/arn:aws:secretsmanager:us-east-1:1:secret:rds!db-1#password",), None),
    ("secret.file:~/a.b/c d", "secret", ("file:~/a.b/c d",), None),
])
def test_what_a_reference_is(inside: str, head: str, path: tuple[str, ...], default: Any) -> None:
    found = references.parse_reference(inside)
    assert (found.head, found.path, found.default, found.has_default) == (head, path, default, "default" in inside)
    assert str(found) == "${" + inside + "}"


@pytest.mark.parametrize("inside", ["", " ", ".", "a.", ".a", "a..b", "a b.c", "a.b c", "secret.", "-a.b", "a.b | upper", "a.**", "ü.x",
                                    "a.b|urlencode|default(1)", "secret.s|urlencode|default(1)", "|urlencode"])
def test_what_is_none(inside: str) -> None:
    with pytest.raises(ReferenceError_) as caught:
        references.parse_reference(inside)
    assert caught.value.code == "PRV-1301" and "$${" in caught.value.hint


@pytest.mark.parametrize("text", ["${db.url", "x ${", "${a{b}", "${db.x|default({})}"])
def test_a_reference_that_does_not_end_is_said(text: str) -> None:
    with pytest.raises(ReferenceError_):
        references.parts(text)


def test_references_are_found_with_their_place() -> None:
    value = {"env": {"A": "x ${db.url} ${secret.s}", "B": "$${no}"}, "list": ["${q.url}", 5, None]}
    assert [(path, str(reference)) for path, reference in references.find(value)] == [
        ("env.A", "${db.url}"), ("env.A", "${secret.s}"), ("list.0", "${q.url}")]
    assert references.secret_paths(value) == ["s"] and not references.is_known(value)
    assert references.is_known({"a": "${secret.s} $${x}"})


def test_a_string_that_is_one_reference_takes_its_type() -> None:
    values = {"port": 5432, "flag": True, "list": [1, {"a": None}], "none": None, "text": "t"}

    def lookup(reference: Reference) -> Any:
        return references.dig(values, reference.path, reference)

    for name, value in values.items():
        assert references.render("${x.%s}" % name, lookup) == value
        assert references.render("<${x.%s}>" % name, lookup) == f"<{value if isinstance(value, str) else json.dumps(value)}>"


def test_substituting_leaves_a_template() -> None:
    def lookup(reference: Reference) -> Any:
        return {"a": "${secret.p}", "b": 5}.get(reference.head, KEEP)

    value = {"x": "${a.x}-${b.x}-${c.x|default(1)}-$${d}", "y": ["${b.x}"]}
    assert references.substitute(value, lookup) == {"x": "${secret.p}-5-${c.x|default(1)}-$${d}", "y": [5]}


@given(st.recursive(json_values | st.sampled_from(["${a.x}", "${b.x}", "${c.x}", "${a.x|urlencode}", "${a.x}-${b.x}", "$${d}${b.x}"]),
                    lambda below: st.lists(below) | st.dictionaries(st.text(), below), max_leaves=10))
def test_a_prepared_template_is_filled_alike(value: Any) -> None:
    def lookup(reference: Reference) -> Any:
        return {"a": "${secret.p}", "b": 5}.get(reference.head, KEEP)

    try:
        prepared = references.prepared(value)
    except references.ReferenceError_:
        return
    assert prepared(lookup) == references.substitute(value, lookup)
    assert prepared(lambda reference: [reference.head]) == references.substitute(value, lambda reference: [reference.head])


@given(json_values)
def test_a_literal_survives_as_a_template(value: Any) -> None:
    assert references.render(references.escape(value), no_reference) == value
    assert list(references.find(references.escape(value))) == []
    assert references.substitute(references.escape(value), no_reference) == references.escape(value)


@example([(False, "$"), (True, "{secret.x}")])
@example([(False, "US$$"), (False, ""), (False, "{secret.x}")])
@given(st.lists(st.tuples(st.booleans(), texts), max_size=5))
def test_values_never_become_references(pieces: list[tuple[bool, str]]) -> None:
    """Literals and values side by side: filled first and rendered later is the same as put together at once."""
    values = {f"v{index}": text for index, (literal, text) in enumerate(pieces) if not literal}
    template = "".join(text.replace("$", "_") if literal else "${v%d.x}" % index for index, (literal, text) in enumerate(pieces))
    filled = references.substitute(template, lambda reference: references.escape(values[reference.head]))
    rendered = references.render(template, lambda reference: values[reference.head])
    assert references.render(filled, no_reference) == rendered


def test_what_goes_into_a_url_is_encoded_once_for_each_time_it_is_asked_for() -> None:
    odd = "a#?%:[@/ +ü$"
    once, twice = quote(odd, safe=""), quote(quote(odd, safe=""), safe="")

    def lookup(reference: Reference) -> Any:
        return references.dig({"odd": odd, "port": 5432, "list": ["a"]}, reference.path, reference)

    for template, value in [
        ("${x.odd|urlencode}", once), ("pg://u:${x.odd | urlencode }@h", f"pg://u:{once}@h"), ("${x.odd|urlencode|urlencode}", twice),
        ("${x.none|default('a/b')|urlencode}", "a%2Fb"), ("${x.none|default(a|urlencode)}", "a|urlencode"), ("${x.port|urlencode}", "5432"),
        ("${x.list|urlencode}", "%5B%22a%22%5D"), ("${x.odd}", odd),
    ]:
        assert references.render(template, lookup) == value
        filled = references.substitute(template, lambda reference: references.escape(lookup(reference)))
        assert references.render(filled, no_reference) == value


@pytest.mark.parametrize(("stands", "filled"), [
    ("${secret.p}", "${secret.p|urlencode}"),
    ("${secret.p|default(a/b)}", "${secret.p|default(a/b)|urlencode}"),
    ("${secret.p|urlencode}", "${secret.p|urlencode|urlencode}"),
    ("a/${secret.p}$${x}", "a%2F${secret.p|urlencode}%24%7Bx%7D"),
    ("a/b", "a%2Fb"), (5, "5"), (KEEP, "${db.x|urlencode}"),
])
def test_the_filter_goes_with_what_stands_for_the_reference(stands: Any, filled: str) -> None:
    assert references.substitute("${db.x|urlencode}", lambda _: stands) == filled
    assert references.substitute("u:${db.x|urlencode}@", lambda _: stands) == f"u:{filled}@"


def test_a_bare_reference_is_one_to_the_value_itself() -> None:
    for inside, bare in (("secret.p", "secret.p"), ("secret.p | urlencode", "secret.p"), ("secret.p|default(a)|urlencode", "secret.p|default(a)")):
        assert references.parse_reference(inside).bare == "${" + bare + "}"
    assert references.secret_paths("${secret.p|urlencode}") == ["p"]


def test_digging() -> None:
    reference = references.parse_reference("x.y")
    value = {"hosts": [{"name": "a", "port": 1}, {"name": "b", "port": 2}], "empty": []}
    assert references.dig(value, ("hosts", "1", "name"), reference) == "b"
    assert references.dig(value, ("hosts", "*", "name"), reference) == ["a", "b"]
    assert references.dig(value, (), reference) == value
    assert references.dig(value, ("empty", "*", "x"), reference) == []
    assert references.dig(value, ("none",), references.parse_reference("x.y|default(7)")) == 7
    for path, choices in ((("none",), "hosts, empty"), (("hosts", "2"), "0 to 1"), (("hosts", "0", "name", "x"), ""), (("empty", "0"), "")):
        with pytest.raises(Unknown) as caught:
            references.dig(value, path, reference)
        assert caught.value.hint == (f"there is: {choices}" if choices else "") and caught.value.code == "PRV-1302"


def test_what_has_no_value_is_said() -> None:
    with pytest.raises(Unknown, match=r"\$\{db\.url\} has no value yet"):
        references.render("${db.url}", references.no_lookup)
