"""
Read a stack of exams
=====================

Fields are read by rules, and only what is in doubt is left for a person.

A form is found by its boxes. The exams here are made up by :func:`skdigits.datasets.make_page`;
take scans of yours instead.
"""

# sphinx_gallery_thumbnail_number = 2

from dataclasses import replace

import matplotlib.pyplot as plt

from skdigits.datasets import make_page
from skdigits.forms import Template, match_forms, read_forms, to_frame

exam = {"kind": "exam", "shape": (300, 560), "n_rows": 4, "n_columns": 6}
blank = make_page(**exam, numbers=[""] * 5, tilt=0, random_state=0)
template = Template.from_picture(blank.image)
print([(field.name, field.boxes) for field in template.fields])

# %%
# Say what each field may hold. Each student wrote one exam, so their numbers are matched to the
# class list as a whole.

students = ("204711", "204717", "198800", "201344", "205918")
number, *marks = template.fields
fields = [replace(number, name="student", candidates=students, unique=True)]
fields += [
    replace(mark, name=f"mark {i}", between=(0, 20), blank=True)
    for i, mark in enumerate(marks, start=1)
]
template = replace(template, fields=fields)

# %%
# Three exams, each scanned askew.

sheets = [
    make_page(**exam, numbers=[student, *points], tilt=2, random_state=seed).image
    for seed, (student, points) in enumerate(
        [
            ("204711", ["15", "8", "", "20"]),
            ("198800", ["7", "12", "3", "9"]),
            ("205918", ["18", "", "11", "6"]),
        ],
        start=10,
    )
]
figure, axes = plt.subplots(1, 3, figsize=(13, 2.6), layout="constrained")
for ax, sheet in zip(axes, sheets, strict=True):
    ax.imshow(sheet, cmap="gray", vmin=0, vmax=255)
    ax.set_axis_off()

# %%
# One row for each exam. The last columns name the fields that a person should look at.

forms = match_forms(list(read_forms(sheets, template)), template)
print(to_frame(forms, template).drop(columns=["scan", "page"]).T)

# %%
# What is in doubt comes with its picture and with what it may be instead.

doubts = [(form, name) for form in forms for name in form.unsure] or [(forms[0], "mark 1")]
figure, axes = plt.subplots(1, len(doubts), figsize=(2.5 * len(doubts), 2), squeeze=False)
for ax, (form, name) in zip(axes[0], doubts, strict=True):
    read = form.fields[name]
    ax.imshow(form.cut_outs[name], cmap="gray", vmin=0, vmax=255)
    ax.set_title(f"{name}: {read.text or 'blank'} ({read.confidence:.0%})", fontsize=9)
    ax.set_axis_off()
figure.tight_layout()
