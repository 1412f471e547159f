"""How are the drawn lasagna and heart-valve pictures made?

Both classes are painted with the same materials, light and camera; only the layout differs, so
that colour does not tell them apart. Materials are laid from the table up; light falls on them.
"""

from types import SimpleNamespace

import numpy as np
from PIL import Image, ImageFilter

from tl_course import data
from tl_course.engine import paint

CLASS_NAMES = ("endocarditis", "lasagna")


def draw(num_per_class, *, image_size, seed, ruler=None):
    """Drawings, `num_per_class` of each class in shuffled order, as a `data.ImageSet`.

    Images: RGB uint8 (2 * num_per_class, image_size, image_size, 3). Picture k of a class depends
    on seed, k and image_size alone. `ruler` lays a centimetre ruler into the pictures of
    "endocarditis", "lasagna" or "both": a shortcut to fall for. ValueError for other values.
    """
    if num_per_class < 1 or image_size < 32:
        raise ValueError(f"Got {num_per_class=}, {image_size=}: use at least 1 and 32 (pixels).")
    if ruler not in (None, "both", *CLASS_NAMES):
        raise ValueError(f"Unknown ruler {ruler!r}: choose from {[None, *CLASS_NAMES, 'both']}.")
    keys = [(seed, label, index) for label in (0, 1) for index in range(num_per_class)]
    keys = np.random.default_rng(seed).permutation(keys)
    images = [_picture(k, image_size, ruler in ("both", CLASS_NAMES[k[1]])) for k in keys]
    labels = keys[:, 1].astype(np.int64)
    return data.ImageSet(np.stack(images), labels, CLASS_NAMES, source="drawings")


def _picture(key, image_size, with_ruler):
    """One picture, uint8 (image_size, image_size, 3), of the key (seed, label, index)."""
    random = np.random.default_rng(key)
    scene = _new_scene(random, max(image_size, 96))
    (_valve, _lasagna)[key[1]](scene)
    pixels = _lit(scene)
    if with_ruler:  # its own random numbers, and after exposure: the rest must stay as it is
        pixels = _with_ruler(np.random.default_rng((*key, 1)), scene, pixels)
    pixels += random.normal(0, random.uniform(0.005, 0.03), (*scene.row.shape, 1))
    image = Image.fromarray((pixels.clip(0, 1) * 255).astype(np.uint8))
    soft = image.filter(ImageFilter.GaussianBlur(random.uniform(0.7, 3) * len(pixels) / 160))
    tilt, turn, offset = random.normal(0, [0.7, 0.7, 0.4])  # of the one plane that is in focus
    distance = np.abs(tilt * scene.row + turn * scene.column + offset).clip(0, 1)
    image.paste(soft, mask=Image.fromarray((distance * 255).astype(np.uint8)))
    return np.asarray(image.resize((image_size, image_size), Image.BOX))


def _new_scene(random, size):
    """A table in a random, swaying view: coordinates x, y (about -1..1), colour, height, light."""
    row, column = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    scene = SimpleNamespace(random=random, row=row, column=column, x=column, y=row)

    def wave():
        return random.uniform(0.1, 0.6) * paint.blur(paint.noise(scene, "cloud", 0.8) - 0.5, 8)

    sway = wave(), wave()
    across, down = random.uniform(0.55, 1.25) * random.uniform(0.8, 1.2, 2) * random.choice([-1, 1])
    turn, shift = np.exp(1j * random.normal(0, 0.9)), random.normal(0, 0.25, 2)
    scene.x = np.float32(across * (turn.real * column - turn.imag * row) + sway[0] + shift[0])
    scene.y = np.float32(abs(down) * (turn.imag * column + turn.real * row) + sway[1] + shift[1])
    lamp = np.exp(1j * random.uniform(0, 2 * np.pi))
    scene.light = np.float32([lamp.real, lamp.imag])  # the way it shines, across and down
    scene.colour, scene.height = np.zeros((size, size, 3), np.float32), np.zeros_like(row)
    scene.drift = paint.noise(scene, "cloud", 1.5)  # where a material turns to another colour
    paint.lay(scene, np.ones_like(row), "table")
    ragged = 0.2 * paint.noise(scene, "cloud", 2) - np.abs(scene.x + random.normal(0, 0.2))
    scene.outline = random.uniform(0.6, 2) + ragged  # of the dish or the specimen
    return scene


def _lump(scene, place, radius):
    """A knobbly heap: a vegetation or a clot on a valve, a spoonful of mince or cheese."""
    x, y = np.float32(place)
    distance = np.hypot(scene.x - x, (scene.y - y) * scene.random.uniform(0.7, 1.4))
    inside = 0.4 - distance / radius + 1.3 * paint.noise(scene, "cloud", scene.random.uniform(2, 6))
    paint.lay(scene, inside, "lump", np.sqrt(inside.clip(0, 1)) * radius * 0.4)


def _cord(scene, start, end):
    """A glossy cord between two points: a tendinous cord of the valve, or a thread of cheese."""
    x, y, right, down = np.float32([*start, *np.subtract(end, start)])
    length = np.hypot(right, down) + np.float32(1e-6)
    along = ((scene.x - x) * right + (scene.y - y) * down) / length**2
    across = ((scene.y - y) * right - (scene.x - x) * down) / length
    across -= scene.random.normal(0, 0.3) * along * (1 - along)  # a bend
    half = scene.random.uniform(0.015, 0.045) * (0.6 + 2 * (along - 0.5) ** 2)  # thick at both ends
    inside = np.where(np.abs(along - 0.5) < 0.5, half - np.abs(across), -1)
    paint.lay(scene, inside, "cord", np.sqrt((inside * half).clip(0)))


def _lasagna(scene):
    """Baked cheese above an edge and layers below, from the side, at a corner, or from above."""
    random, outline = scene.random, scene.outline
    view = random.choice(3, p=[0.4, 0.45, 0.15])
    edge = random.uniform((-0.7, -0.4, 1.1)[view], (-0.2, 0.4, 1.1)[view])
    top, bottom = edge - random.uniform(0.5, 1) * (0.2, 1, 3)[view], edge + random.uniform(0.7, 2)
    paint.lay(scene, np.minimum(outline, np.minimum(scene.y - edge, bottom - scene.y)), "mass")
    count = int(random.integers(2, 6))
    for middle in np.linspace(edge, bottom, count, endpoint=False).tolist():
        wobble = (paint.noise(scene, "cloud", 1.5) - 0.5) * random.uniform(0.05, 0.3)
        inside = random.uniform(0.12, 0.3) / count - np.abs(scene.y - middle - 0.5 / count + wobble)
        if random.random() < 0.4:
            paint.lay(scene, np.minimum(outline, inside + 0.05), "mass")
        paint.lay(scene, np.minimum(outline, inside), "sheet")
    wave = 0.2 * (paint.noise(scene, "cloud", 1.5) - 0.5)
    crust = np.minimum(outline, np.minimum(scene.y - top, edge - scene.y) + wave)
    paint.lay(scene, crust, "mass")
    paint.lay(scene, crust, "cheese")
    paint.lay(scene, crust, "stain")
    for x in random.uniform(-0.8, 0.8, random.choice([0, 0, 0, 0, 2, 4])):
        _cord(scene, (x, min(edge, 0.2) - 0.1), (x, min(edge, 0.2)) + random.normal([0, 0.4], 0.2))
    for _ in range(random.integers(0, 3)):
        _lump(scene, random.uniform([-1, max(top, -1)], [1, edge]), random.uniform(0.1, 0.25))


def _valve(scene):
    """Leaflets on muscle; vegetations and cords sit on a free edge, a scalloped line or a ring."""
    random, x, y = scene.random, scene.x, scene.y
    inside = (paint.noise(scene, "cloud", 1.5) - 0.5) * random.uniform(0.1, 0.4)
    if random.random() < 0.25:
        inside += np.hypot(x, y * random.uniform(0.8, 1.4)) - random.uniform(0.15, 0.5)
    else:
        arches = np.abs(np.sin(x * random.uniform(1, 3) + random.uniform(0, 3)))
        inside += random.uniform(-0.4, 0.3) + random.uniform(0, 0.5) * arches - y
    muscle = np.minimum(scene.outline, inside + random.uniform(0.3, 1.8))
    paint.lay(scene, muscle, "mass" if random.random() < 0.7 else "sheet")
    paint.lay(scene, muscle, "stain")
    for depth in random.permutation([0, 0.3, 0.6])[: random.choice([1, 1, 2, 3])].tolist():
        leaflet = np.minimum(muscle, np.minimum(inside, random.uniform(1, 3) - inside) - depth)
        paint.lay(scene, leaflet, "sheet")
        paint.lay(scene, leaflet, "stain")
    edge = np.flatnonzero((np.abs(inside) < 0.06) & (scene.outline > 0))
    places = random.choice(edge if edge.size else x.size, 16)
    points = np.stack([x.flat[places], y.flat[places]], 1)
    head = points.mean(0) + random.normal([0, 0.7], 0.2)  # of the muscle that holds the cords
    for start in points[: random.choice([0, 3, 5, 7, 9])]:
        _cord(scene, start, head + random.normal(0, 0.12, 2))
    for point in points[-random.integers(2, 6) :]:
        _lump(scene, point, random.uniform(0.12, 0.35))


def _lit(scene):
    """The scene under one lamp, exposed, float32 (s, s, 3): soft shading, wet highlights."""
    random, height, light = scene.random, scene.height * (len(scene.x) / 2), scene.light
    down, across = np.gradient(height)
    facing = (across * light[0] + down * light[1]) / np.sqrt(1 + down**2 + across**2)
    shade = (1 + 0.5 * facing) * (1 + 0.04 * (height - paint.blur(height, 10))).clip(0.5, 1.2)
    # Red light travels further under a wet surface than blue, so its shading is blurred more.
    shades = np.stack([paint.blur(shade, 3), paint.blur(shade, 1.6), shade], -1)
    down, across = np.gradient(paint.blur(height, 2))
    wet = np.exp(-25 * ((across - light[0] / 2) ** 2 + (down - light[1] / 2) ** 2))
    wet *= random.uniform(0.1, 1) * (paint.noise(scene, "cloud", 4) > 0.4)
    pixels = scene.colour * shades + paint.blur(wet, 1.2)[..., None]
    # Exposure, cast and contrast have the same range in both classes: colour must be no clue.
    mean = pixels.mean((0, 1))
    gain = random.uniform(0.32, 0.54) * random.normal([1.3, 0.95, 0.72], 0.06) / mean
    gain = gain.mean() * (gain / gain.mean()).clip(0.94, 1.07)  # more would turn pasta purple
    contrast = random.uniform(0.16, 0.25) / (pixels.mean(2).std() * gain.mean())
    return (mean + (pixels - mean) * np.float32(contrast.clip(0.6, 1.6))) * np.float32(gain)


def _with_ruler(random, scene, pixels):
    """`pixels` with a centimetre ruler along one side, in a random colour, place and angle."""
    x, y = scene.column, scene.row
    turn = np.exp(1j * (np.pi / 2 * random.integers(4) + random.normal(0, 0.15)))
    place, width, step = random.uniform([0.45, 0.25, 0.04], [0.7, 0.4, 0.06])
    along, depth = (turn.real * x - turn.imag * y) / step, turn.imag * x + turn.real * y - place
    length = width * np.where(np.abs(along % 5 - 0.5) < 0.5, 0.6, 0.35)  # every fifth tick is long
    tick = (np.abs(along % 1 - 0.5) < 0.17) & (depth < length)
    paint = np.float32(random.choice([[0.9, 0.9, 0.85], [0.8, 0.82, 0.84], [0.9, 0.78, 0.35]]))
    cover = ((width / 2 - np.abs(depth - width / 2)) * len(pixels) / 2 + 0.5).clip(0, 1)[..., None]
    return pixels + np.float32(cover) * (np.where(tick[..., None], 0.1, paint) - pixels)
