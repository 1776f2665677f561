"""What gateways and static sites say to nginx and HAProxy: weights, drained servers, certificates, headers, conditions."""

import subprocess
from pathlib import Path

import pytest

import tests.unit.playbooks  # noqa: F401  isort: skip
from ansible.module_utils.provision import blocks, haproxy, nginx, record, routing
from ansible.module_utils.provision.failures import Failed

HEADER = "# header"


def route(*backends: object, drained: tuple[str, ...] = (), **values: object) -> routing.Route:
    return routing.routes([{"backends": list(backends), "port": 8080, **values}], "", drained)[0]


# ------------------------------------------------------------------ weights
@pytest.mark.parametrize(("backends", "weights"), [
    (["a", "b"], ()),
    ([{"to": "a", "weight": 90}, {"to": "b", "weight": 10}], (90, 10)),
    ([{"to": ["a", "b"], "weight": 1}, {"to": "c", "weight": 1}], (1, 1, 2)),
    ([{"to": ["a", "b", "c"], "weight": 90}, {"to": ["d"], "weight": 10}], (90, 90, 90, 30)),
    ([{"to": ["a"], "weight": 0}, {"to": ["b"]}], (0, 1)),
    ([{"to": ["a", "b"], "weight": 5}], ()),
    ([{"to": [f"h{n}" for n in range(7)], "weight": 255}, {"to": [f"k{n}" for n in range(9)], "weight": 1}], (256,) * 7 + (1,) * 9),
    ([{"to": []}, {"to": ["b"]}], ()),
])
def test_a_group_shares_its_weight(backends: list[object], weights: tuple[int, ...]) -> None:
    assert route(*backends).weights == weights


def test_groups_have_ports_of_their_own() -> None:
    assert route({"to": "a", "port": 81}, {"to": ["b"]}).servers == ("a:81", "b:8080")


@pytest.mark.parametrize(("drained", "weights"), [((), ()), (("a",), (0, 1)), (("b:8080",), (1, 0)), (("a:81",), ()), (("a", "b"), (0, 0))])
def test_drained_servers_get_nothing(drained: tuple[str, ...], weights: tuple[int, ...]) -> None:
    assert route("a", "b", drained=drained).weights == weights


def test_addresses_and_weights_do_not_mix() -> None:
    with pytest.raises(Failed, match="either addresses"):
        route("a", {"to": "b"})


# ------------------------------------------------------------------ nginx
def test_nginx_weights_and_drains() -> None:
    text = nginx.text("t", HEADER, [route({"to": "a", "weight": 3}, {"to": "b"}, drained=("b",))], nginx.Listening(("80",)))[0]
    assert "server a:8080 weight=3 max_fails=1 fail_timeout=2s;" in text
    assert "server b:8080 down;" in text


def test_nginx_with_a_certificate_and_a_redirect() -> None:
    listening = nginx.Listening(("8443",), certificate="/c", redirect=("80",), port=8443)
    text = nginx.text("t", HEADER, [route("a", host="pay.example")], listening)[0]
    assert "listen 8443 ssl;" in text
    assert 'ssl_certificate "/c/fullchain.pem";' in text
    assert "return 301 https://$host:8443$request_uri;" in text


@pytest.mark.parametrize("headers", [{"a b": "x"}, {"X": "a\nb"}, {"X": "$host"}])
def test_headers_that_nginx_can_not_send(headers: dict[str, str]) -> None:
    with pytest.raises(Failed):
        nginx.pages_text(HEADER, nginx.Pages("/srv", headers=headers), nginx.Listening(("80",)))


def test_nginx_itself_takes_a_site(tmp_path: Path) -> None:
    home = tmp_path / "nginx"
    (home / "conf.d").mkdir(parents=True)
    (home / "temp").mkdir()
    pages = nginx.Pages(str(tmp_path), "", "index.html", "404.html", "app.html", {"X-Frame-Options": 'say "no" \\ ;'}, 60)
    (home / "conf.d" / "a.conf").write_text(nginx.pages_text(HEADER, pages, nginx.Listening(("127.0.0.1:18098",)))[0])
    (home / "nginx.conf").write_text(nginx.main_text(str(home), False))
    done = subprocess.run(["nginx", "-t", "-q", "-p", home, "-e", home / "error.log", "-c", home / "nginx.conf"], capture_output=True, text=True,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, check=False)
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------ HAProxy
def balanced(*routes: routing.Route, check: haproxy.Check | None = None, **front: object) -> str:
    return haproxy.text(HEADER, list(routes), haproxy.Front("t", "t-haproxy", 80, **front), check or haproxy.Check())[0]  # type: ignore[arg-type]


def test_haproxy_asks_first_for_what_is_most_exact() -> None:
    text = balanced(route("a"), route("b", path="/api"), route("c", host="*.example"), route("d", host="pay.example", path="/x/y"))
    uses = [line.split()[1] for line in text.splitlines() if "use_backend" in line]
    assert uses == ["t_3", "t_2", "t_1", "t_0"]
    assert "use_backend t_1 if { path /api } or { path_beg /api/ }" in text
    assert "use_backend t_2 if { req.hdr(host),field(1,:) -i -m end .example }" in text
    assert "use_backend t_0\n" in text


def test_haproxy_servers() -> None:
    text = balanced(route({"to": "a", "weight": 3}, {"to": "b"}, drained=("b",)), check=haproxy.Check.of({"path": "/up", "seconds": 5}))
    assert "server s0 a:8080 weight 3 check inter 5s fall 2 rise 2" in text
    assert "server s1 b:8080 disabled check" in text
    assert "option httpchk GET /up" in text


def test_haproxy_rewrites_and_urls() -> None:
    text = balanced(route("https://api.example/v1", path="/a.b", rewrite=True))
    assert "http-request set-path %[path,regsub(^/a[.]b/?,/)]\n    http-request set-path /v1%[path]" in text
    assert "http-request set-header Host api.example" in text
    assert "ssl verify none sni str(api.example)" in text


def test_haproxy_with_a_certificate_and_a_redirect() -> None:
    text = balanced(route("a"), certificate="/c", redirect=81)
    assert "bind *:80 ssl crt /c/combined.pem alpn h2,http/1.1\n    bind *:81\n" in text
    assert "code 301 unless { ssl_fc }" in text


# ------------------------------------------------------------------ names
@pytest.mark.parametrize(("kind", "names", "values"), [
    ("CNAME", ["a"], ["b"]), ("A", ["*.a"], ["192.0.2.1"]), ("A", ["a b"], ["192.0.2.1"]), ("A", ["a"], ["fd00::1"]), ("AAAA", ["a"], ["x"]),
])
def test_what_a_hosts_file_can_not_hold(kind: str, names: list[str], values: list[str]) -> None:
    with pytest.raises(Failed):
        record.text(kind, names, values)


def test_a_block_at_the_end_stays_where_it_is() -> None:
    once = blocks.with_block("127.0.0.1 localhost", "a", "x\n", first=False)
    both = blocks.with_block(once, "b", "y\n", first=False)
    assert blocks.with_block(both, "a", "x\n", first=False) == both
    assert blocks.with_block(blocks.with_block(both, "a", "", first=False), "b", "", first=False) == "127.0.0.1 localhost\n"
