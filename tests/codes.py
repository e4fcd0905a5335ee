"""QR codes read from what a page shows, as a phone's camera would: from its pixels."""

import base64

import zxingcpp
from playwright.async_api import Locator

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
# The brightness of each pixel of a picture, row by row.
_BRIGHTNESS = """async (png) => {
    const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, picture.width, picture.height);
    let brightness = "";
    for (let at = 0; at < data.length; at += 4) {
        brightness += String.fromCharCode(Math.round((data[at] + data[at + 1] + data[at + 2]) / 3));
    }
    return [width, height, btoa(brightness)];
}"""


async def scan(shown: Locator) -> list[str]:
    """The texts of all codes in what a page shows of an element; dark on light only, as simple cameras read them."""
    png = base64.b64encode(await shown.screenshot()).decode()
    width, height, brightness = await shown.page.evaluate(_BRIGHTNESS, png)
    picture = memoryview(base64.b64decode(brightness)).cast("B", (height, width))
    found = zxingcpp.read_barcodes(picture, formats=_QR, try_invert=False)
    return [code.text for code in found]
