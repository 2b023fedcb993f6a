"""``skdigits predict``."""

import csv
import os
import sys
from collections import Counter
from pathlib import Path

from skdigits._utils.labels import label_text
from skdigits._utils.scores import least_score
from skdigits.cli._parts.inputs import (
    StandardInput,
    add_model_option,
    expand,
    is_table,
    load_light_model,
    read_table,
)
from skdigits.cli._parts.outcome import CommandError, need_openpyxl, to_json
from skdigits.cli._parts.progress import WithProgress, bar

HELP = "read digits from pictures, folders of pictures, and CSV files"
EXAMPLE = """\
example: skdigits predict photo.jpg scans/ --format csv
         skdigits predict test.csv --model mine.skdigits --format json
         curl -s https://example.org/digit.png | skdigits predict -"""
_COLUMNS = ["source", "row", "page", "text", "confidence", "remark"]
_DETAILS = ["label", "confidence", "unsure", "score", "box", "line", "number", "mark"]
_DETAILS += ["probabilities"]


def add_options(parser):
    """Add the options of the command."""
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="PICTURE",
        help="a picture with any number of digits, a folder of pictures, a CSV file with one digit "
        "in each row (.csv, .csv.gz, .csv.zip), or - for a picture or a CSV on standard input",
    )
    add_model_option(parser)
    parser.add_argument(
        "--format",
        choices=["table", "json", "csv"],
        default="table",
        help="json includes each digit with its box and probabilities",
    )
    parser.add_argument(
        "--one-digit", action="store_true", help="each picture holds exactly one digit"
    )
    parser.add_argument(
        "--marks", action="store_true", help="also read minus signs, decimal points and commas"
    )
    parser.add_argument(
        "--table",
        metavar="FILE",
        type=Path,
        help="write the numbers of one picture, in rows and columns, to a .csv or .xlsx file: one "
        "page below the other, or each on a sheet of its own",
    )
    parser.add_argument(
        "--draw", metavar="DIR", type=Path, help="save each picture with boxes in this folder"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options):
    """Read everything, and print a line for each picture and each row of a CSV file."""
    from skdigits import DigitReader

    sources = [source for name in options.inputs for source in expand(name)]
    model = WithProgress(load_light_model(options.model), options.quiet)
    reader = DigitReader(model, one_digit=options.one_digit, marks=options.marks)
    draw = None if options.draw is None else _drawer(options.draw)
    if options.table:
        _write_frame(reader, sources, options.table, draw)
        return
    errors = []

    def records():
        for source in bar(sources, "file", options.quiet):
            for record in _read(reader, source, draw):
                errors.extend([record["error"]] * (record["error"] is not None))
                yield record

    _WRITERS[options.format](records(), max(len(str(source)) for source in sources))
    if len(errors) > 1:
        raise CommandError(f"{len(errors)} of {len(sources)} could not be read: see the output")
    if errors:
        raise CommandError(errors[0])


def _write_frame(reader, sources, path, draw):
    """Write the tables of a picture's pages or, where there is none, the lines of numbers."""
    import pandas as pd

    if len(sources) != 1:
        raise CommandError(
            f"--table takes one picture; got {len(sources)}. For a line each: --format csv"
        )
    if problem := _why_not(sources[0]):
        raise CommandError(problem)
    if path.suffix not in (".csv", ".xlsx"):
        raise CommandError(f"--table writes a .csv or .xlsx file; got {path}")
    if path.suffix == ".xlsx":
        need_openpyxl()
    picture = sources[0].content if isinstance(sources[0], StandardInput) else sources[0]
    results = list(reader.read_many([picture]))
    for result in results:
        if result.error:
            raise CommandError(result.error)
        if draw is not None:
            draw(result, sources[0])
    frames = {f"page {result.page}": _frame(result) for result in results}
    if path.suffix == ".csv":
        several = len(frames) > 1
        whole = pd.concat(frames).reset_index(level=0) if several else frames["page 1"]
        whole.to_csv(path, index=False, header=False)
    else:
        _write_sheets(frames, path)
    shape = sum(len(frame) for frame in frames.values()), max(f.shape[1] for f in frames.values())
    n_unsure = sum(digit.unsure for result in results for digit in result.digits)
    pages = f" of {len(frames)} pages" if len(frames) > 1 else ""
    print(f"wrote {path}: {shape[0]} rows, {shape[1]} columns{pages}, {n_unsure} digits unsure")


def _frame(result):
    import pandas as pd

    if result.table is not None:
        return result.table.to_frame()
    return pd.DataFrame([[number.text for number in line] for line in result.lines])


def _write_sheets(frames, path):
    import pandas as pd

    with pd.ExcelWriter(path, engine="openpyxl") as book:
        for name, frame in frames.items():
            frame.to_excel(book, sheet_name=name, index=False, header=False)


def _why_not(source):
    """Why a source cannot be read as a file, or None."""
    if isinstance(source, StandardInput) or source.is_file():
        return None
    if not source.is_dir():
        return f"there is no file or folder {source}: check the name"
    allowed = os.access(source, os.R_OK | os.X_OK)
    return f"there are no pictures in the folder {source}{'' if allowed else ' that you may read'}"


def _read(reader, source, draw):
    """Records of one source: one for each page of a picture, one for each row of a CSV file."""
    if problem := _why_not(source):
        yield _record(source, None, "", [], [], problem)
    elif source.is_table if isinstance(source, StandardInput) else is_table(source):
        yield from _read_rows(reader, source)
    else:
        yield from _read_pages(reader, source, draw)


def _read_pages(reader, source, draw):
    picture = source.content if isinstance(source, StandardInput) else source
    results = list(reader.read_many([picture]))
    for result in results:
        if draw is not None and not result.error:
            draw(result, source)
        digits, others = ([_detail(d) for d in found] for found in (result.digits, result.others))
        page = result.page if len(results) > 1 else None
        yield _record(source, None, result.text, digits, others, result.error, page)


def _drawer(folder):
    """A function that saves pictures with boxes in a folder, and numbers duplicate names."""
    names = Counter()

    def draw(result, source):
        stem = Path(source.name).stem
        names[stem] += 1
        again = f"-{names[stem]}" * (names[stem] > 1)
        result.draw().save(folder / f"{stem}{again}.png")

    folder.mkdir(parents=True, exist_ok=True)
    return draw


def _detail(digit):
    return {name: getattr(digit, name) for name in _DETAILS}


def _read_rows(reader, source):
    from skdigits._utils.images import named_rows

    model = reader.pipeline
    try:
        rows, _ = read_table(source, labels="auto")
    except (ValueError, OSError) as error:
        yield _record(source, None, "", [], [], str(error))
        return
    labels, has_scores = model.classes_.tolist(), hasattr(model, "score_samples")
    rows, least = named_rows(model, rows), least_score(model)
    probabilities = model.predict_proba(rows)
    scores = model.score_samples(rows).tolist() if has_scores else [None] * len(rows)
    for i, (shares, score) in enumerate(zip(probabilities.tolist(), scores, strict=True)):
        confidence = max(shares)
        digit = {
            "label": labels[shares.index(confidence)],
            "confidence": confidence,
            "unsure": confidence < reader.min_confidence,
            "score": score,
            "probabilities": dict(zip(labels, shares, strict=True)),
        }
        # A row always gets a label, so that the column of labels has no gaps.
        is_other = least is not None and score < least
        kinds = ([], [digit]) if is_other else ([digit], [])
        yield _record(source, i + 1, label_text(digit["label"]), *kinds)


def _record(source, row, text, digits, others, error=None, page=None):
    remarks = [error] if error else []
    unsure = [str(place) for place, digit in enumerate(digits, start=1) if digit["unsure"]]
    if row is not None:
        remarks += ["unsure"] * len(unsure) + ["no digit?"] * len(others)
    elif not error:
        remarks += ["no digit"] * (not digits)
        remarks += [f"unsure of digit {', '.join(unsure)}"] * bool(unsure)
        remarks += [f"{len(others)} not a digit"] * bool(others)
    confidences = [digit["confidence"] for digit in digits or (others if row else [])]
    return {
        "source": str(source),
        "row": row,
        "page": page,
        "text": text,
        "confidence": min(confidences, default=None),
        "remark": ", ".join(remarks),
        "error": error,
        "digits": digits,
        "others": others,
    }


def _write_table(records, width):
    print(f"{'source':{width}}  {'part':>6}  {'sure':>6}  digits")
    for record in records:
        sure = "" if record["confidence"] is None else f"{record['confidence']:.1%}"
        text = record["text"].replace("\n", " / ")
        source = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in record["source"])
        remark = f"({record['remark']})" if record["remark"] else ""
        part = record["row"] or record["page"]
        line = f"{source:{width}}  {part or '':>6}  {sure:>6}  {text}{'  ' if text else ''}{remark}"
        print(line.rstrip())


def _write_csv(records, width):
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(_COLUMNS)
    for record in records:
        shown = {**record, "text": record["text"].replace("\n", " / ")}
        lines.writerow(["" if shown[name] is None else shown[name] for name in _COLUMNS])


def _write_json(records, width):
    """Write a JSON list as records arrive, one per line."""
    before = "["
    for record in records:
        print(before, to_json(record), sep="\n", end="")
        before = ","
    print("\n]")


_WRITERS = {"table": _write_table, "csv": _write_csv, "json": _write_json}
