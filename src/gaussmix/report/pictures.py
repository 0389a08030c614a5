"""The page's still pictures, for readers without script and for paper."""

from __future__ import annotations

import base64
import io
import struct
from dataclasses import dataclass

from gaussmix.plot.picture import Picture

COLORS = 160


@dataclass(frozen=True)
class EmbeddedPicture:
    """A picture for light and for dark pages, as data URLs.

    Parameters
    ----------
    light : str
    dark : str or None
        None shows the light one on dark pages, too.
    width, height : int
        In pixels, so that a page does not jump when it is drawn.
    description, note : str
    """

    light: str
    dark: str | None
    width: int
    height: int
    description: str
    note: str


def embed(light: Picture, dark: Picture | None = None) -> EmbeddedPicture:
    """Return a picture that stands in the page itself.

    Parameters
    ----------
    light, dark : Picture
    """
    data = light.png()
    width, height = struct.unpack(">II", data[16:24])  # where every PNG file has its size
    return EmbeddedPicture(
        light=_data_url(_smaller(data)),
        dark=None if dark is None else _data_url(_smaller(dark.png())),
        width=width,
        height=height,
        description=light.description,
        note=light.note,
    )


def _smaller(png: bytes) -> bytes:
    """Return a picture in as many colours as it needs: a third in size."""
    from PIL import Image

    buffer = io.BytesIO()
    few = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    few.save(buffer, format="png", optimize=True)
    return min(png, buffer.getvalue(), key=len)


def _data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
