"""Container images for tests, written byte by byte: no podman and no registry is needed to make one."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.lab.place import alone
from tests.lab.rootfs import install

PAGE = '''#!/bin/sh
# answers with the variables and files that the test asks for; ends at once when asked to
trap 'exit 0' TERM
echo "starting as $(id -u) with ${GREETING}"
mkdir -p /www/cgi-bin
printf '%s' "${VERSION}|${GREETING}|${PIN:+has a pin}" > /www/index.html
[ -n "${COUNT:-}" ] && echo x >> "${COUNT}"
[ -n "${BROKEN:-}" ] && { echo "broken on purpose"; exit 3; }
[ -n "${ONCE:-}" ] && exit 0
httpd -f -p "${PORT:-8080}" -h "${ROOT:-/www}" & wait
'''
LINKS = ("sh", "httpd", "sleep", "cat", "echo", "env", "id", "ls", "mkdir", "printf", "touch", "wget", "rm", "nc", "test", "head", "wc", "nslookup")


def image(path: Path, *, version: str = "1", name: str = "registry.example.com/shop/web:1", files: Mapping[str, str] | None = None) -> str:
    """Write an archive as `docker save` does: a static busybox and scripts, of which `start` is the entry point. The image's id."""
    layer = _layer(files or {"start": PAGE})
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
        "config": {"Env": ["PATH=/bin", f"VERSION={version}"], "Entrypoint": ["/start"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }).encode()
    number = hashlib.sha256(config).hexdigest()
    manifest = json.dumps([{"Config": f"{number}.json", "RepoTags": [name] if name else [], "Layers": ["layer.tar"]}]).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for inside, content in ((f"{number}.json", config), ("layer.tar", layer), ("manifest.json", manifest)):
            _add(archive, inside, content, 0o644)
    return number


def _layer(files: Mapping[str, str]) -> bytes:
    with alone("build"):
        install(["busybox-static"])
    busybox = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as layer:
        for folder in ("bin", "etc", "tmp", "www", "www/cgi-bin", "data"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777
            layer.addfile(entry)
        _add(layer, "bin/busybox", busybox, 0o755)
        for link in LINKS:
            entry = tarfile.TarInfo(f"bin/{link}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            layer.addfile(entry)
        _add(layer, "etc/passwd", b"root:x:0:0:root:/:/bin/sh\napp:x:1000:1000:app:/:/bin/sh\n", 0o644)
        for inside, content in files.items():
            _add(layer, inside, content.encode(), 0o755)
    return found.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
