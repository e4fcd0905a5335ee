"""The screens of a shop: the addresses at which people reach them, and each address as a QR code."""

import hashlib
import io
from functools import lru_cache
from typing import Final

import segno
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response

from orderflow import shops
from orderflow.errors import NotFound
from orderflow.http import params
from orderflow.http.replies import is_known, reply
from orderflow.http.routing import Endpoint, Parameter
from orderflow.schemas import Screen, ScreenPage

# What stands behind the shop's own address, /shops/{slug}, for each of its screens.
PATHS: Final[dict[str, str]] = {"menu": "", "board": "/board", "pickup": "/pickup", "manage": "/manage"}
SVG: Final = "image/svg+xml"

# Read although a quarter of it is dirty or wet, as a sign on a counter gets.
_LEVEL: Final = "q"
# The light border that ISO/IEC 18004 asks for, in modules.
_QUIET_ZONE: Final = 4


async def listed(request: Request) -> Response:
    """Answer where people reach a shop's screens: below PUBLIC_URL, under the shop's present slug."""
    shop_id, slug = await _shop(request)
    found = [
        Screen(screen=screen, url=_address(request, slug, screen), qr=f"/v1/shops/{shop_id}/screens/{screen}/qr.svg")
        for screen in PATHS
    ]
    return reply(ScreenPage(data=found, next_cursor=None))


async def code(request: Request) -> Response:
    """Answer one of these addresses as a QR code.

    Raises:
        NotFound: there is no such shop, or no such screen.
    """
    screen: str = request.path_params["screen"]
    if screen not in PATHS:
        raise NotFound
    _, slug = await _shop(request)
    drawing, tag = draw(_address(request, slug, screen))
    # Asked again each time: another PUBLIC_URL or slug is another code, and a printed one cannot be called back.
    headers = {"cache-control": "no-cache", "etag": f'"{tag}"'}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(drawing, headers=headers, media_type=SVG)


@lru_cache(maxsize=256)
def draw(address: str) -> tuple[bytes, str]:
    """Draw an address as an SVG whose viewBox counts modules, dark on light whatever stands around it, with its tag.

    Takes 4 ms for an address of 70 characters, so that those asked for lately are kept.
    """
    made = io.BytesIO()
    qr = segno.make(address, error=_LEVEL, micro=False, boost_error=False)
    shape = {"border": _QUIET_ZONE, "dark": "#000", "light": "#fff", "omitsize": True}
    qr.save(made, kind="svg", xmldecl=False, svgclass=None, lineclass=None, nl=False, **shape)
    # Without it, a scale that is no whole number leaves light seams between the rows.
    drawing = made.getvalue().replace(b"<svg ", b'<svg shape-rendering="crispEdges" ', 1)
    return drawing, hashlib.sha256(drawing).hexdigest()[:16]


async def _shop(request: Request) -> tuple[str, str]:
    """The id and the present slug of the shop in the path."""
    shop = from_json((await shops.get(request.state.db, params.path_shop(request))).text)
    return shop["id"], shop["slug"]


def _address(request: Request, slug: str, screen: str) -> str:
    return f"{request.state.settings.public_url}/shops/{slug}{PATHS[screen]}"


_SCREEN: Final = Parameter("screen", "Which of the shop's screens.", {"type": "string", "enum": list(PATHS)})
_TAGS: Final = ("screens",)

endpoints: Final = (
    Endpoint(
        "GET",
        "/v1/shops/{shop}/screens",
        listed,
        "List the addresses of a shop's screens",
        access="anyone",
        answer=ScreenPage,
        tags=_TAGS,
        description="Below `PUBLIC_URL`, under the shop's present slug; `qr` is where the address is a QR code.",
    ),
    Endpoint(
        "GET",
        "/v1/shops/{shop}/screens/{screen}/qr.svg",
        code,
        "Draw the address of a screen as a QR code",
        access="anyone",
        path_parameters=(_SCREEN,),
        media_type=SVG,
        tags=_TAGS,
        description="Dark on light, with a quiet zone of 4 modules and error correction Q. Honours If-None-Match.",
    ),
)
