"""A registry of container images over HTTP, in one file for any Python: `registry.py PORT FOLDER [USER:PASSWORD]`.

An archive FOLDER/shop/web/1.tar (as `docker save` writes it) is the image HOST:PORT/shop/web:1.
"""

import base64
import hashlib
import http.server
import json
import sys
import tarfile
from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Registry(http.server.BaseHTTPRequestHandler):
    """The part of the distribution API that a pull needs."""

    protocol_version = "HTTP/1.1"
    folder = Path()
    login = ""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.login and self.headers.get("Authorization") != self.login:
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="registry"'})
            return
        if self.path == "/v2/":
            self._answer(200, b"{}", {})
            return
        name, _, rest = self.path.removeprefix("/v2/").partition("/manifests/") if "/manifests/" in self.path else self.path.removeprefix(
            "/v2/").partition("/blobs/")
        for tag, manifest, blobs in self._images(name):
            digest = "sha256:" + hashlib.sha256(manifest).hexdigest()
            if "/manifests/" in self.path and rest in (tag, digest):
                self._answer(200, manifest, {"Content-Type": MANIFEST, "Docker-Content-Digest": digest})
                return
            if "/blobs/" in self.path and rest in blobs:
                self._answer(200, blobs[rest], {"Content-Type": "application/octet-stream"})
                return
        self._answer(404, b"{}", {})

    def _images(self, name: str) -> list[tuple[str, bytes, dict[str, bytes]]]:
        found = []
        for path in (self.folder / name).glob("*.tar"):
            with tarfile.open(path) as archive:
                content = {member.name: archive.extractfile(member).read() for member in archive if member.isreg()}  # type: ignore[union-attr]
            listed = json.loads(content["manifest.json"])[0]
            blobs = {"sha256:" + hashlib.sha256(content[inside]).hexdigest(): content[inside] for inside in (listed["Config"], *listed["Layers"])}
            numbers = [(number, len(blob)) for number, blob in blobs.items()]
            described = [{"mediaType": f"application/vnd.oci.image.{kind}", "digest": number, "size": size}
                         for kind, (number, size) in zip(["config.v1+json", *["layer.v1.tar"] * len(numbers)], numbers, strict=False)]
            manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described[0], "layers": described[1:]}
            found.append((path.stem, json.dumps(manifest).encode(), blobs))
        return found

    def _answer(self, code: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


if __name__ == "__main__":
    Registry.folder = Path(sys.argv[2])
    Registry.login = "Basic " + base64.b64encode(sys.argv[3].encode()).decode() if len(sys.argv) > 3 else ""
    http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Registry).serve_forever()
