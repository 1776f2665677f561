"""What decides in the doors of the simulated AWS: which route, which rule."""

import pytest

from provisioner.sandbox.servers.routes import choose, filled

ROUTES = ("ANY /", "ANY /{proxy+}", "GET /a", "ANY /a", "ANY /a/{proxy+}", "GET /a/{id}", "ANY /a/{id}/b", "$default")


@pytest.mark.parametrize(("asked", "key", "found"), [
    ("GET /", "ANY /", {}),
    ("GET /a", "GET /a", {}),
    ("PUT /a", "ANY /a", {}),
    ("GET /a/1", "GET /a/{id}", {"id": "1"}),
    ("PUT /a/1", "ANY /a/{proxy+}", {"proxy": "1"}),
    ("GET /a/1/b", "ANY /a/{id}/b", {"id": "1"}),
    ("GET /a/1/c", "ANY /a/{proxy+}", {"proxy": "1/c"}),
    ("GET /ab", "ANY /{proxy+}", {"proxy": "ab"}),
    ("GET /b/c", "ANY /{proxy+}", {"proxy": "b/c"}),
])
def test_the_most_specific_route_is_taken(asked: str, key: str, found: dict[str, str]) -> None:
    method, path = asked.split()
    taken = choose(ROUTES, method, path)
    assert taken and (taken.key, taken.found) == (key, found)


def test_without_a_route_of_its_own_the_default_is_taken_and_without_that_none() -> None:
    taken = choose(("GET /a", "$default"), "GET", "/b")
    assert taken and taken.key == "$default"
    assert choose(("GET /a", "ANY /a/{proxy+}"), "PUT", "/a") is None


def test_variables_of_a_route_are_in_the_uri() -> None:
    assert filled("http://x/{id}/{proxy}", {"id": "a b", "proxy": "c/d"}) == "http://x/a%20b/c/d"
