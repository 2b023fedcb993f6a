"""Made-up exam sheets of writers that nobody trained on: matched, read, and how sure.

Each sheet has a comb with the student's number of eight digits, of which the first four are a year,
and ten boxes with marks of 0 to 20. Sheets are turned, shifted, scaled, lit and compressed at
random. The digits are those of the writers that ``train_pretrained.py --hands`` keeps aside.

Run it as ``python examples/benchmarks/forms.py --data DIR --hands DIR``.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from _shared import finish, make_parser
from joblib import Parallel, delayed
from PIL import Image

from skdigits import DigitReader
from skdigits.datasets import make_page
from skdigits.forms import Template, match_forms, read_forms, to_frame

sys.path.insert(0, str(Path(__file__).parent.parent))
import train_pretrained

SHEET = {"kind": "exam", "shape": (700, 900), "n_rows": 10, "n_columns": 8}
N_BINS = 15


def rows_aside(data, hands):
    """Digits of the writers that the shipped weights have not seen."""
    options = train_pretrained.parse_arguments(["--data", data, "--hands", hands])
    rows = train_pretrained.collect(options)
    is_aside = train_pretrained.keep_aside(rows, options.aside, options.seed)
    is_aside &= (rows.target >= 0) & (rows.source != train_pretrained.SLASHED)
    return rows.data[is_aside], rows.target[is_aside].astype(int)


def make_sheet(number, seed, digits):
    """A sheet as a scanner gives it, and what is on it."""
    rng = np.random.default_rng(seed)
    marks = ["" if rng.random() < 0.1 else str(mark) for mark in rng.integers(0, 21, 10)]
    page = make_page(**SHEET, tilt=2, numbers=[number, *marks], digits=digits, random_state=seed)
    scale, (x, y) = rng.uniform(0.9, 1.04), rng.uniform(-15, 15, 2)
    image = Image.fromarray(page.image)
    askew = image.transform(
        image.size,
        Image.Transform.AFFINE,
        (1 / scale, 0, -x / scale, 0, 1 / scale, -y / scale),
        Image.Resampling.BILINEAR,
        fillcolor=int(np.quantile(page.image, 0.8)),
    )
    return askew, [text for row in page.rows for text in row]


def draw_numbers(n, seed):
    """Numbers as universities give them: a year, and four digits."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(40_000, n, replace=False)
    return [f"{2023 + code // 10_000}{code % 10_000:04d}" for code in codes]


def make_template(numbers):
    """The exam's template, with all its rules and with none but the length of the number."""
    blank = make_page(**SHEET, tilt=0, numbers=[""] * 11, random_state=0)
    plain = Template.from_picture(blank.image)
    number, *marks = plain.fields
    fields = [replace(number, candidates=tuple(numbers), unique=True)]
    fields += [replace(mark, between=(0, 20), blank=True) for mark in marks]
    return replace(plain, fields=fields), plain


def calibration_error(confidence, is_right):
    """Expected calibration error over bins of equal width."""
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    gaps = [
        abs(confidence[bins == b].mean() - is_right[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    ]
    return float(np.sum(gaps))


def at_coverage(confidence, is_right, share):
    """Share right among the surest answers."""
    surest = np.argsort(-confidence, kind="stable")[: int(share * len(confidence))]
    return float(is_right[surest].mean())


def describe(name, confidence, is_right, is_sure):
    """Print and return the figures of one kind of field."""
    figures = {
        "n": len(is_right),
        "right": float(is_right.mean()),
        "right at 95 %": at_coverage(confidence, is_right, 0.95),
        "sure": float(is_sure.mean()),
        "wrong of sure": float((~is_right[is_sure]).mean()) if is_sure.any() else 0.0,
        "calibration error": calibration_error(confidence, is_right),
    }
    shown = ", ".join(
        f"{key} {value:,}" if key == "n" else f"{key} {value:.2%}" for key, value in figures.items()
    )
    print(f"{name:22}{shown}", flush=True)
    return figures


def columns(forms, truths, names):
    """Confidence, whether right, and whether sure, of the fields of these names."""
    cells = [
        (read.confidence, read.text == truth[name], not read.unsure)
        for form, truth in zip(forms, truths, strict=True)
        for name, read in form.fields.items()
        if name in names
    ]
    confidence, right, sure = map(np.array, zip(*cells, strict=True))
    return confidence, right, sure


def main(arguments=None):
    parser = make_parser(
        __doc__.split("\n")[0], "example: forms.py --data ~/kaggle --hands ~/hands"
    )
    parser.add_argument("--data", metavar="DIR", required=True, help="folder with train.csv")
    parser.add_argument("--hands", metavar="DIR", required=True, help="folder of collections")
    parser.add_argument("--sheets", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes that make and read sheets")
    options = parser.parse_args(arguments)
    digits = rows_aside(options.data, options.hands)
    numbers = draw_numbers(options.sheets, options.seed)
    template, plain = make_template(numbers)
    names = [field.name for field in template.fields]
    sheets = Parallel(options.jobs)(
        delayed(make_sheet)(number, 1000 * options.seed + i, digits)
        for i, number in enumerate(numbers)
    )
    truths = [dict(zip(names, texts, strict=True)) for _, texts in sheets]
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{i:04}.png") for i in range(len(sheets))]
        for path, (image, _) in zip(paths, sheets, strict=True):
            image.save(path)
        for title, rules in (("with rules", template), ("without", plain)):
            started = time.perf_counter()
            forms = list(read_forms(paths, rules, DigitReader(), n_jobs=options.jobs))
            seconds = time.perf_counter() - started
            print(f"{title}: {len(forms)} sheets in {seconds:.0f} s by {options.jobs} processes")
            if errors := [form.error for form in forms if form.error]:
                print(f"{len(errors)} not read: {errors[0]}")
            read = [(f, t) for f, t in zip(forms, truths, strict=True) if not f.error]
            forms, known = zip(*read, strict=True)
            each = {"seconds": seconds, "not read": len(sheets) - len(forms)}
            each["numbers"] = describe("numbers", *columns(forms, known, names[:1]))
            each["marks"] = describe("marks", *columns(forms, known, names[1:]))
            each["all"] = describe("all fields", *columns(forms, known, names))
            if rules is template:
                matched = match_forms(forms, template)
                _, right, sure = columns(matched, known, names[:1])
                each["matched"] = [float(right.mean()), int((~right & sure).sum())]
                print(
                    f"matched to the list: {right.mean():.2%} right, {(~right).sum()} wrong, of "
                    f"these {(~right & sure).sum()} not flagged; {sure.mean():.1%} sure"
                )
                assert len(to_frame(matched, template)) == len(forms)
            figures[title] = each
    finish(options, figures)


if __name__ == "__main__":
    main()
