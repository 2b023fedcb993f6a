"""
Other hands, and no digit at all
================================

A 1 with a long flag, a crossed 7, and what is no digit.

Much of the world writes like this; and what is asked is not always a digit. The pictures are drawn
here.
"""

# %%
# Strokes on the unit square, x to the right and y down.

import numpy as np
from PIL import Image, ImageDraw

DRAWINGS = {
    "a 1 with a flag": [[(0.1, 0.45), (0.6, 0), (0.6, 1)]],
    "a crossed 7": [[(0.1, 0.05), (0.9, 0), (0.4, 1)], [(0.3, 0.52), (0.85, 0.48)]],
    "an open 4": [[(0.2, 0), (0.15, 0.5), (0.9, 0.5)], [(0.7, 0.1), (0.68, 1)]],
    "a horse": [
        [(0.1, 0.35), (0.2, 0.2), (0.3, 0.15), (0.35, 0.42), (0.8, 0.42), (0.95, 0.75)],
        [(0.2, 0.2), (0.22, 0.4), (0.32, 0.6), (0.75, 0.6), (0.8, 0.42)],
        [(0.33, 0.6), (0.28, 1)],
        [(0.42, 0.6), (0.42, 1)],
        [(0.68, 0.6), (0.66, 1)],
        [(0.75, 0.6), (0.82, 1)],
    ],
    "a plus": [[(0.1, 0.5), (0.9, 0.5)], [(0.5, 0.1), (0.5, 0.9)]],
    "an A": [[(0.1, 1), (0.5, 0), (0.9, 1)], [(0.27, 0.6), (0.73, 0.6)]],
}


def drawn(strokes, side=200):
    paper = Image.new("L", (side, side), 245)
    pen = ImageDraw.Draw(paper)
    for stroke in strokes:
        points = [tuple(side * (0.2 + 0.6 * np.array(point))) for point in stroke]
        pen.line(points, fill=30, width=11, joint="curve")
    return paper


pictures = {name: drawn(strokes) for name, strokes in DRAWINGS.items()}

# %%
# The weights from Kaggle's rows alone, and those from all hands: the probability that each gives to
# its answer, and whether it takes the picture for a digit.

import matplotlib.pyplot as plt

from skdigits import DigitNormalizer, load_pretrained

rows = DigitNormalizer().transform(list(pictures.values()))
fig, axes = plt.subplots(2, len(pictures), figsize=(11, 4.6), layout="constrained")
for line, name in zip(axes, ("kaggle", "hands"), strict=True):
    pipeline = load_pretrained(name)
    shares, scores = pipeline.predict_proba(rows), pipeline.score_samples(rows)
    for ax, (what, picture), share, score in zip(
        line, pictures.items(), shares, scores, strict=True
    ):
        answer = f"{share.argmax()}, {share.max():.0%}" if score >= 0 else "no digit"
        ax.imshow(picture, cmap="gray", vmin=0, vmax=255)
        ax.set_title(f"{what}:\n{answer}", fontsize=10)
        ax.set_axis_off()
    line[0].text(-30, 100, name, rotation=90, va="center", fontsize=11)
plt.show()
