"""Websites of S3: what a bucket that has been made one answers. Host names are found by `names`."""

import re
from html import escape
from typing import Any
from urllib.parse import quote
from uuid import uuid4
from xml.etree import ElementTree

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, FakeKey, s3_backends
from werkzeug.wrappers import Request, Response

from provisioner.sandbox.servers.passing import Answer

HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3-website[.-](?P<region>[a-z]+(?:-[a-z]+)+-\d+)\.amazonaws\.com(?:\.cn)?")
SHOWN = ("content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires")
"""What of an object's metadata is a header of its answer; what users name (x-amz-meta-…) is one, too."""


class Failed(Exception):
    """A request that gets an error: status, code and message of S3, and the key that was asked for."""

    def __init__(self, status: int, code: str, message: str, **more: str) -> None:
        super().__init__(message)
        self.status, self.told = status, {"Code": code, "Message": message, **more}


def find(name: str) -> FakeBucket | None:
    """The bucket of a name."""
    partition, account = s3_backends.bucket_accounts.get(name, ("", ""))
    bucket = s3_backends[account][partition].buckets.get(name) if account else None
    return bucket if isinstance(bucket, FakeBucket) else None


def websites() -> list[tuple[str, str]]:
    """Name and host name of each bucket that is a website."""
    buckets = [bucket for name in list(s3_backends.bucket_accounts) if (bucket := find(name)) and bucket.website_configuration]
    return [(bucket.name, f"{bucket.name}.s3-website-{bucket.region_name}.amazonaws.com") for bucket in buckets]


def answer(name: str, request: Request) -> Response:
    """What the website of a bucket answers."""
    bucket = find(name)
    settings: dict[str, str] = {}
    try:
        if bucket is None:
            raise Failed(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=name)
        if not bucket.website_configuration:
            raise Failed(404, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration", BucketName=name)
        settings = _settings(bucket.website_configuration)
        made = _found(bucket, settings, request)
    except Failed as failed:
        made = _failed(bucket, settings.get("ErrorDocument/Key", ""), failed)
    made.headers["x-amz-request-id"] = uuid4().hex[:16].upper()
    return made


def _settings(configuration: bytes) -> dict[str, str]:
    """The values of a website's configuration by their path."""
    root = ElementTree.fromstring(configuration)
    return {f"{_bare(part.tag)}/{_bare(leaf.tag)}": leaf.text or "" for part in root for leaf in part}


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]


def _found(bucket: FakeBucket, settings: dict[str, str], request: Request) -> Response:
    if elsewhere := settings.get("RedirectAllRequestsTo/HostName"):
        scheme = settings.get("RedirectAllRequestsTo/Protocol") or request.scheme
        return _moved(301, f"{scheme}://{elsewhere}{quote(request.path)}")
    if request.method not in ("GET", "HEAD"):
        raise Failed(405, "MethodNotAllowed", "The specified method is not allowed against this resource.", Method=request.method)
    suffix, path = settings.get("IndexDocument/Suffix", ""), request.path.removeprefix("/")
    key = path + suffix if not path or path.endswith("/") else path
    if key not in bucket.keys and f"{path}/{suffix}" in bucket.keys:
        return _moved(302, quote(f"/{path}/"))
    item = _readable(bucket, key)
    if item.website_redirect_location:
        return _moved(301, item.website_redirect_location)
    made = _of(item, 200)
    made.last_modified = item.last_modified
    made.make_conditional(request.environ, accept_ranges=True, complete_length=item.size)
    return made


def _readable(bucket: FakeBucket, key: str) -> FakeKey:
    """The object of a key, if everybody may read it."""
    item = bucket.keys.get(key)
    if not isinstance(item, FakeKey):
        raise Failed(404, "NoSuchKey", "The specified key does not exist.", Key=key)
    allowed = bucket.get_permission("s3:GetObject", f"{bucket.arn}/{key}")
    if allowed == PermissionResult.DENIED or (allowed != PermissionResult.PERMITTED and not (item.acl and item.acl.public_read)):
        raise Failed(403, "AccessDenied", "Access Denied")
    return item


def _of(item: FakeKey, status: int) -> Response:
    metadata: dict[str, Any] = {name.lower(): value for name, value in item.metadata.items()}
    shown = {name: value for name, value in metadata.items() if name in SHOWN or name.startswith("x-amz-meta-")}
    return Answer(item.value, status, {"Content-Type": "binary/octet-stream", **_capital(shown), "ETag": item.etag})


def _capital(headers: dict[str, Any]) -> dict[str, str]:
    return {name.title(): str(value) for name, value in headers.items()}


def _moved(status: int, where: str) -> Response:
    return Answer("", status, {"Location": where})


def _failed(bucket: FakeBucket | None, document: str, failed: Failed) -> Response:
    """The site's own page for errors, and AWS's where it has none."""
    if bucket is not None and document:
        try:
            return _of(_readable(bucket, document), failed.status)
        except Failed as another:
            return _page(failed, another)
    return _page(failed)


def _page(failed: Failed, another: Failed | None = None) -> Response:
    title = {403: "403 Forbidden", 404: "404 Not Found", 405: "405 Method Not Allowed"}[failed.status]
    more = "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n" + _list(another) if another else ""
    page = f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n{_list(failed)}{more}<hr/>\n</body>\n</html>\n"
    return Answer(page, failed.status, content_type="text/html; charset=utf-8")


def _list(failed: Failed) -> str:
    return "<ul>\n" + "".join(f"<li>{name}: {escape(value)}</li>\n" for name, value in failed.told.items()) + "</ul>\n"
