"""
Read a table, a form and a sum
==============================

Numbers are found wherever they stand.

The pages here are made up by :func:`skdigits.datasets.make_page`, so that the truth is known; give
the reader a photograph or a scan of your own instead.
"""

# sphinx_gallery_thumbnail_number = 2

import matplotlib.pyplot as plt

from skdigits import DigitReader
from skdigits.datasets import make_page

reader = DigitReader()
pages = [
    make_page(kind, shape=(420, 640), height=40, n_rows=4, n_columns=4, random_state=seed)
    for seed, kind in enumerate(["table", "form", "sum"])
]
results = [reader.read(page.image) for page in pages]

# %%
# Blue boxes are sure; orange ones with a question mark are for a person to look at.

figure, axes = plt.subplots(1, 3, figsize=(15, 4))
for ax, result, title in zip(axes, results, ["table", "form", "sum"], strict=True):
    ax.imshow(result.draw())
    ax.set_title(title)
    ax.set_axis_off()
figure.tight_layout()

# %%
# Numbers that stand below each other are a table, which becomes a pandas frame. Blank cells are
# empty strings.

plt.figure(figsize=(6.4, 4.2))
plt.imshow(results[0].draw())
plt.axis("off")

table = results[0].table
print(table.to_frame() if table is not None else results[0].text)

# %%
# Each number has its box, the probability that all of it is right, and what it may be instead.

for number in results[2].numbers[:4]:
    alternatives = ", ".join(f"{text} ({p:.1%})" for text, p in number.alternatives[:2])
    print(f"{number.text:>4}  {number.confidence:6.1%}  or {alternatives}")
