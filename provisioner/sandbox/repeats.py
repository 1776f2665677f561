"""A request that is sent again gets the answer that it had: its first one was lost on the way, what it asked for is done.

The SDKs number the attempts of one call (`amz-sdk-invocation-id`, `amz-sdk-request: attempt=2; max=25`) and send a call again when its
connection breaks. On a busy machine that happens on loopback as well; a table that was deleted or a rule that was made by the first attempt
would then be an error. Errors are not kept: those are sent again to be tried again.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple

KEPT = 500
"""Answers; each is some kilobytes."""
LARGEST = 200_000
"""Bytes of an answer that is kept."""


class Answer(NamedTuple):
    """What a call was answered."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Repeats:
    """A WSGI application that remembers the good answers of calls that change something."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        call = environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")
        if not call or environ.get("REQUEST_METHOD") in ("GET", "HEAD"):
            answer: Iterable[bytes] = self._application(environ, start_response)
            return answer
        with self._lock:
            known = self._answers.get(call)
        if known is not None and "attempt=1;" not in environ.get("HTTP_AMZ_SDK_REQUEST", ""):
            start_response(known.status, known.headers)
            return [known.body]
        return self._asked(call, environ, start_response)

    def _asked(self, call: str, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        begun: list[Any] = []

        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            begun[:] = [status, list(headers)]
            return start_response(status, headers, *more)

        answer = self._application(environ, begin)
        try:
            body = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        if begun and begun[0].startswith("2") and len(body) <= LARGEST:
            with self._lock:
                self._answers[call] = Answer(begun[0], begun[1], body)
                while len(self._answers) > KEPT:
                    self._answers.popitem(last=False)
        return [body]
