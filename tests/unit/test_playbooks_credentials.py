"""A secret encrypted at rest: the unit that decrypts it, files that hold something else than their content, and what their readers notice."""

from pathlib import Path

import pytest

import tests.unit.playbooks  # noqa: F401  isort: skip
from ansible.module_utils.provision import credentials, files, reading
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.credentials import Credential, Opening
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.work import Work

KEY = b"k" * 32
ONE = Opening("shop", "pin", "", (Credential("shop.pin", "/etc/s/shop/pin.cred", "/run/s/shop/pin"),), ("/run/s", "/run/s/shop"))
SEVERAL = Opening("shop", "pin", "app", tuple(Credential(f"shop.pin.{key}", f"/etc/s/shop/pin/{key}.cred", f"/run/s/shop/pin/{key}") for key in "ab"),
                  ("/run/s", "/run/s/shop"), "/run/s/shop/pin")
CODING = files.Coding(lambda data: b"#" + data[::-1], lambda data: data[:0:-1] if data.startswith(b"#") else None)


def starts(opening: Opening) -> list[str]:
    text = credentials.service_text("# head", opening, tpm=False)
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart=")]


def test_one_value_is_decrypted_where_only_root_writes_and_then_moved() -> None:
    assert starts(ONE) == ["/usr/bin/install -d -m 0755 /run/s /run/s/shop",
                           "/usr/bin/systemd-creds decrypt --name=shop.pin /etc/s/shop/pin.cred /run/s/shop/.pin.0.new",
                           "/usr/bin/chmod 0400 /run/s/shop/.pin.0.new", "/usr/bin/mv -T /run/s/shop/.pin.0.new /run/s/shop/pin"]


def test_several_values_are_their_owners() -> None:
    assert starts(SEVERAL)[1:5] == ["/usr/bin/install -d -m 0500 -o app /run/s/shop/pin",
                                    "/usr/bin/systemd-creds decrypt --name=shop.pin.a /etc/s/shop/pin/a.cred /run/s/shop/.pin.0.new",
                                    "/usr/bin/chown app /run/s/shop/.pin.0.new", "/usr/bin/chmod 0400 /run/s/shop/.pin.0.new"]
    assert starts(SEVERAL)[-1] == "/usr/bin/mv -T /run/s/shop/.pin.1.new /run/s/shop/pin/b"


def test_it_comes_before_every_service() -> None:
    lines = credentials.service_text("# head", ONE, tpm=False).splitlines()
    assert lines[0] == "# head"
    assert {"DefaultDependencies=no", "Before=sysinit.target shutdown.target", "WantedBy=sysinit.target", "UMask=0077",
            "RequiresMountsFor=/etc/s/shop /var/lib/systemd"} < set(lines)
    assert "After=dev-tpmrm0.device" not in lines
    assert {"Wants=dev-tpmrm0.device", "After=dev-tpmrm0.device"} < set(credentials.service_text("# head", ONE, tpm=True).splitlines())


@pytest.mark.parametrize(("stands", "changes"), [(b"#nip", False), (b"#rehto", True), (b"pin", True), (None, True)])
def test_what_a_file_holds_is_compared_and_not_what_stands_there(tmp_path: Path, stands: bytes | None, changes: bool) -> None:
    path = tmp_path / "pin.cred"
    if stands is not None:
        path.write_bytes(stands)
        path.chmod(0o600)
    work = Work(Context("shop"), key=KEY)
    wish = files.Wish(str(path), b"pin", 0o600, secret=True, coding=CODING)
    assert work.want_file(wish) is changes and len(work.acts) == changes
    assert "pin" not in str(work.files).replace(str(path), "")
    for _, do in work.acts:
        do()
    assert path.read_bytes() == b"#nip" and files.content(wish) == b"pin"


def test_the_seal_is_of_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "x"
    salted = files.Coding(lambda data: data, lambda data: data.partition(b":")[2] or None)

    def seal(stands: bytes) -> str:
        path.write_bytes(stands)
        work = Work(Context("shop"), key=KEY)
        work.want_file(files.Wish(str(path), b"pin", secret=True, coding=salted))
        return work.seal

    assert seal(b"1:pin") == seal(b"2:pin") != seal(b"1:other")
    assert seal(b"broken") != seal(b"broken as well")


def test_readers_notice_another_secret_and_nothing_else(tmp_path: Path) -> None:
    clear, stored = tmp_path / "run/pin", tmp_path / "pin.cred"
    clear.parent.mkdir()
    pin = Manifest("shop", "test", "pin@here", "secret", "pin", (str(stored), str(clear)), about={"path": str(clear)})

    def noted(content: str, at_rest: str) -> dict[str, str]:
        clear.write_text(content)
        stored.write_text(at_rest)
        return reading.noted(Context("shop"), [pin], KEY)

    assert noted("one", "a") == noted("one", "b") != noted("two", "b")
