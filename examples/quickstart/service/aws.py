"""As much of AWS as the service needs, signed (Signature Version 4) with nothing but the standard library."""

import hashlib
import hmac
import json
import os
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen


class Aws:
    """Talks to a region, or to `endpoint` where that is given; keys from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""

    def __init__(self, region: str, endpoint: str = "") -> None:
        self.region = region
        self.endpoint = endpoint
        self.key = os.environ.get("AWS_ACCESS_KEY_ID", "test")
        self.secret = os.environ.get("AWS_SECRET_ACCESS_KEY", "test")
        self.token = os.environ.get("AWS_SESSION_TOKEN", "")

    def call(self, service: str, action: str, parameters: dict[str, object]) -> dict[str, dict[str, dict[str, str]]]:
        """One action of a service that speaks JSON; `action` with its prefix, such as AmazonSQS.SendMessage."""
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": action}
        return json.loads(self.send(service, "POST", "/", json.dumps(parameters).encode(), headers) or b"{}")

    def put_object(self, bucket: str, key: str, content: bytes) -> None:
        self.send("s3", "PUT", f"/{bucket}/{quote(key)}", content, {"Content-Type": "text/plain"})

    def get_object(self, bucket: str, key: str) -> bytes:
        return self.send("s3", "GET", f"/{bucket}/{quote(key)}", b"", {})

    def send(self, service: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        """One signed request; the answer's body. Raises urllib.error.URLError."""
        url = (self.endpoint or f"https://{service}.{self.region}.amazonaws.com").rstrip("/") + path
        digest = hashlib.sha256(body).hexdigest()
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        signed = {**headers, "Host": urlsplit(url).netloc, "X-Amz-Date": now, "X-Amz-Content-Sha256": digest}
        if self.token:
            signed["X-Amz-Security-Token"] = self.token
        signed["Authorization"] = self.authorization(service, method, path, signed, digest)
        with urlopen(Request(url, body or None, signed, method=method), timeout=10) as answer:
            return answer.read()

    def authorization(self, service: str, method: str, path: str, headers: dict[str, str], digest: str) -> str:
        names = sorted(headers, key=str.lower)
        listed = ";".join(name.lower() for name in names)
        canonical = "\n".join([method, path, "", *(f"{name.lower()}:{headers[name]}" for name in names), "", listed, digest])
        now = headers["X-Amz-Date"]
        scope = f"{now[:8]}/{self.region}/{service}/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders={listed}, Signature={signature}"
