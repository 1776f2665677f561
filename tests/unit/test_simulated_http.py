"""What decides in the doors of the simulated AWS: which route, which rule."""

import pytest

from provisioner.sandbox.servers.routes import choose, filled
from provisioner.sandbox.servers.rules import Asked, good, matches, redirected

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


ASKED = Asked("http", "www.Shop.example", 80, "/a/b", "c=1", "GET")


@pytest.mark.parametrize(("conditions", "held"), [
    ({"path-pattern": ["/a/*"]}, True),
    ({"path-pattern": ["/A/*"]}, False),
    ({"path-pattern": ["/a"]}, False),
    ({"path-pattern": ["/a", "/a/?"]}, True),
    ({"path-pattern": ["/a/[b]"]}, False),
    ({"path-pattern": ["*"], "host-header": ["*.shop.EXAMPLE"]}, True),
    ({"path-pattern": ["*"], "host-header": ["shop.example"]}, False),
    ({"http-request-method": ["POST"]}, False),
    ({"source-ip": ["0.0.0.0/0"]}, False),
])
def test_all_conditions_of_a_rule_hold(conditions: dict[str, list[str]], held: bool) -> None:
    assert matches([{"Field": name, "Values": values} for name, values in conditions.items()], ASKED) is held


def test_conditions_are_said_in_two_ways() -> None:
    assert matches([{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a/b"]}}], ASKED)


@pytest.mark.parametrize(("settings", "where"), [
    ({"Protocol": "HTTPS", "Port": "443"}, "https://www.Shop.example:443/a/b?c=1"),
    ({"Host": "new.example", "Path": "/x/#{path}", "Query": "#{query}&d=2"}, "http://new.example:80/x/a/b?c=1&d=2"),
])
def test_what_a_redirect_does_not_say_stays(settings: dict[str, str], where: str) -> None:
    assert redirected(settings, ASKED) == where


def test_codes_of_a_healthy_target() -> None:
    assert [good(matcher, 301) for matcher in ("200", "200,301", "200-399", "400-499", "")] == [False, True, True, False, False]
