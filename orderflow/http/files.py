"""Files that a browser fetches: their tags, compressed once, and sent again only when they have changed."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from typing import Final, Self

from starlette.requests import Request
from starlette.responses import Response

from orderflow.http import headers
from orderflow.http.replies import is_known

# Below this many bytes, what is saved is less than a packet.
_SMALLEST: Final = 512
_GZIP: Final = re.compile(rb"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?:1(?:\.0*)?|0\.\d*[1-9]\d*)\s*)?(?=,|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class File:
    """What is answered for one address, in both forms."""

    content: bytes
    compressed: bytes | None
    media_type: str
    tag: str
    vary: str

    @classmethod
    def of(cls, content: bytes, media_type: str, vary: str = "Accept-Encoding") -> Self:
        """A file of this content. Pictures of points are compressed in themselves."""
        worth = len(content) >= _SMALLEST and not media_type.startswith("image/png")
        compressed = gzip.compress(content, 9, mtime=0) if worth else None
        return cls(content, compressed, media_type, hashlib.sha256(content).hexdigest()[:16], vary)

    def answer(self, request: Request) -> Response:
        """Answer it in a form that the browser takes, or 304 if it has it. Its length tells no secret."""
        takes_gzip = any(_GZIP.search(value) for value in headers.values(request.scope, b"accept-encoding"))
        packed = self.compressed if takes_gzip else None
        # A strong tag is for these very bytes.
        tag = f"{self.tag}-gz" if packed else self.tag
        # Asked again at each load, so that a deploy never mixes old modules with new ones; mostly a 304.
        given = {"cache-control": "no-cache", "etag": f'"{tag}"', "vary": self.vary}
        if is_known(request, tag):
            return Response(status_code=304, headers=given)
        if packed:
            given["content-encoding"] = "gzip"
        return Response(packed or self.content, headers=given, media_type=self.media_type)
