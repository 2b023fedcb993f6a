"""
Read your own pictures
======================

A drawing, a scan or a photograph becomes text.

The picture here is drawn by Pillow; give the path of one of yours in its place.
"""

# %%
# A note on grey paper with a shadow across it: two lines of strokes, none as MNIST would have
# it.

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

STROKES = {
    1: [[(5, 2), (5, 18)]],
    2: [[(1, 5), (3, 1), (7, 1), (9, 4), (7, 9), (1, 18), (10, 18)]],
    4: [[(3, 0), (1, 11), (10, 11)], [(8, 4), (7, 19)]],
    7: [[(1, 1), (10, 1), (4, 19)]],
}


def write(pen, text, left, top, scale, width):
    for place, digit in enumerate(text):
        for stroke in STROKES[int(digit)]:
            points = [(left + (x + 16 * place) * scale, top + y * scale) for x, y in stroke]
            pen.line(points, fill=40, width=width, joint="curve")


paper = Image.new("L", (640, 400), 225)
pen = ImageDraw.Draw(paper)
write(pen, "4712", 60, 50, 5.5, 9)
write(pen, "21", 330, 240, 6.5, 14)
shadow = np.linspace(1, 0.55, 640)[None, :]
photo = Image.fromarray(
    (np.asarray(paper.filter(ImageFilter.GaussianBlur(1))) * shadow).astype("uint8")
)

# %%
# The weights that come with the package, and a reader around them.

from skdigits import DigitReader

reader = DigitReader()
result = reader.read(photo)
print(result.text)

# %%
# Each digit knows its place and how sure it is. Unsure ones would be orange, with a question
# mark; what is no digit has a grey box.

import matplotlib.pyplot as plt

for digit in result.digits:
    print(digit.label, f"{digit.confidence:.3f}", digit.box, "unsure" if digit.unsure else "")

fig, axes = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
for ax, picture, title in zip(axes, [photo, result.draw()], ["given", "read"], strict=True):
    ax.imshow(picture, cmap="gray", vmin=0, vmax=255)
    ax.set(title=title, xticks=[], yticks=[])

# %%
# What the network saw: the ink of each digit alone, placed as in MNIST.

from skdigits.plotting import DigitGalleryDisplay

rows = np.stack([digit.row for digit in result.digits])
DigitGalleryDisplay(rows, titles=[str(d.label) for d in result.digits]).plot(n_columns=6)
