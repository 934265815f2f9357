"""The icon: a canopy over its trunk, drawn as shapes, in the sizes that Windows asks for."""

import struct
from collections.abc import Iterator

SIZES = (16, 32, 48, 64)
_SAMPLES = 4
"""A pixel is looked at in so many places a side: smooth edges."""
_LEAVES, _LIGHT, _TRUNK = (46, 125, 50), (102, 187, 106), (109, 76, 65)
_CROWNS = (
    (0.50, 0.34, 0.28, _LEAVES),
    (0.27, 0.47, 0.21, _LEAVES),
    (0.73, 0.47, 0.21, _LEAVES),
    (0.42, 0.30, 0.14, _LIGHT),
)
"""Centre, radius and colour of the circles, in parts of the icon; later ones lie above."""


def icon() -> bytes:
    """The `.ico` file."""
    images = [_image(size) for size in SIZES]
    head = struct.pack("<HHH", 0, 1, len(SIZES))
    place = len(head) + 16 * len(SIZES)
    entries = b""
    for size, image in zip(SIZES, images, strict=True):
        entries += struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(image), place)
        place += len(image)
    return head + entries + b"".join(images)


def _image(size: int) -> bytes:
    """A bitmap with transparency, from the bottom up, then the mask that old programs read."""
    pixels = b"".join(_pixel(x, y, size) for y in reversed(range(size)) for x in range(size))
    mask = bytes(((size + 31) // 32) * 4 * size)
    header = struct.pack("<IiiHHIIiiII", 40, size, size * 2, 1, 32, 0, len(pixels) + len(mask), 0, 0, 0, 0)
    return header + pixels + mask


def _pixel(x: int, y: int, size: int) -> bytes:
    found = [colour for colour in _samples(x, y, size) if colour is not None]
    if not found:
        return bytes(4)
    red, green, blue = (sum(channel) // len(found) for channel in zip(*found, strict=True))
    return bytes((blue, green, red, 255 * len(found) // _SAMPLES**2))


def _samples(x: int, y: int, size: int) -> Iterator[tuple[int, int, int] | None]:
    for row in range(_SAMPLES):
        for column in range(_SAMPLES):
            yield _colour((x + (column + 0.5) / _SAMPLES) / size, (y + (row + 0.5) / _SAMPLES) / size)


def _colour(x: float, y: float) -> tuple[int, int, int] | None:
    for across, down, radius, colour in reversed(_CROWNS):
        if (x - across) ** 2 + (y - down) ** 2 <= radius**2:
            return colour
    return _TRUNK if abs(x - 0.5) <= 0.06 and 0.5 <= y <= 0.95 else None  # noqa: PLR2004  where the trunk is
