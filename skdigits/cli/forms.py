"""``skdigits forms``."""

import io
from pathlib import Path

from skdigits.cli._parts.inputs import StandardInput, add_model_option, expand, load_light_model
from skdigits.cli._parts.outcome import CommandError, UsageError, need_openpyxl
from skdigits.cli._parts.parsing import n_workers
from skdigits.cli._parts.progress import bar

HELP = "read a stack of scans of one form into a table"
EXAMPLE = """\
example: skdigits template blank.png --output form.json
         skdigits forms scans/ --template form.json --output marks.xlsx"""
_SUFFIXES = (".csv", ".xlsx")


def add_options(parser):
    """Add the options of the command."""
    parser.add_argument(
        "inputs", nargs="+", metavar="SCAN", help="a picture or PDF, or a folder of them"
    )
    parser.add_argument(
        "--template", metavar="FILE", required=True, help="as `skdigits template` writes it"
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        required=True,
        help="the table, .csv or .xlsx: a row for each scan; .xlsx has a sheet with pictures of "
        "what is in doubt",
    )
    parser.add_argument(
        "--results",
        metavar="DIR",
        type=Path,
        help="folder for what was read, from which a run that was cut off goes on "
        "(default: the table's name, without its ending, and .results)",
    )
    add_model_option(parser)
    parser.add_argument("--n-jobs", type=n_workers, default=1, help="processes that read")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options):
    """Read all scans and write the table."""
    from skdigits import DigitReader
    from skdigits.forms import Template, match_forms, read_forms, to_frame

    if options.output.suffix not in _SUFFIXES:
        raise UsageError(f"--output is a .csv or .xlsx file; got {options.output}")
    if options.output.suffix == ".xlsx":
        need_openpyxl()
    if not options.output.absolute().parent.is_dir():
        raise CommandError(f"there is no folder {options.output.parent}")
    template = Template.load(options.template)
    scans = [scan for name in options.inputs for scan in expand(name)]
    scans = [scan.content if isinstance(scan, StandardInput) else scan for scan in scans]
    if empty := [scan for scan in scans if isinstance(scan, Path) and scan.is_dir()]:
        raise CommandError(f"there are no pictures in the folder {empty[0]}")
    results = options.results or options.output.with_suffix(".results")
    reader = DigitReader(load_light_model(options.model))
    with bar(scans, "scan", options.quiet) as shown:
        more = {"n_jobs": options.n_jobs, "progress": lambda done, total: shown.update()}
        forms = list(read_forms(scans, template, reader, results=results, **more))
    forms = match_forms(forms, template)
    write_table(to_frame(forms, template), forms, options.output)
    errors = [form for form in forms if form.error]
    n_unsure = sum(len(form.unsure) for form in forms)
    n_fields = len(template.fields) * (len(forms) - len(errors))
    print(f"wrote {options.output}: {len(forms)} scans, {n_unsure} of {n_fields} fields in doubt")
    if n_unsure:
        print(f"Look at these with: skdigits demo --review {results}")
    if errors:
        raise CommandError(
            f"{len(errors)} of {len(forms)} scans could not be read: {errors[0].error}"
        )


def write_table(frame, forms, path):
    """Write a table of forms; an .xlsx file gets a sheet with a picture of each doubtful field."""
    from skdigits._utils.atomic import replacing

    with replacing(path) as file:
        if path.suffix == ".csv":
            file.write(frame.to_csv(index=False).encode())
        else:
            _write_book(frame, forms, file)


def _write_book(frame, forms, file):
    import pandas as pd

    with pd.ExcelWriter(file, engine="openpyxl") as book:
        frame.to_excel(book, sheet_name="forms", index=False)
        sheet = book.book.create_sheet("doubts")
        sheet.append(["scan", "page", "field", "read as", "confidence", "or", "why", "picture"])
        sheet.column_dimensions["H"].width = 50
        for form in forms:
            for name in form.unsure:
                _add_doubt(sheet, form, name)
        for cell in (cell for sheet in book.book for row in sheet for cell in row):
            if cell.data_type == "f":  # a file's name that starts with = is no formula
                cell.data_type = "s"


def _add_doubt(sheet, form, name):
    from openpyxl.drawing.image import Image

    read = form.fields[name]
    others = ", ".join(text or "blank" for text, _ in read.alternatives)
    why = read.problem or "not probable enough"
    place = str(form.source), form.page, name
    sheet.append([*place, read.text, round(read.confidence, 4), others, why])
    picture, stream = form.cut_outs[name], io.BytesIO()
    picture.save(stream, "PNG")
    sheet.row_dimensions[sheet.max_row].height = 0.75 * picture.height + 4  # in points
    sheet.add_image(Image(stream), f"H{sheet.max_row}")
