"""``skdigits template``."""

from pathlib import Path

HELP = "find the boxes of a form, and start the template that `skdigits forms` reads scans by"
EXAMPLE = "example: skdigits template blank.png --output form.json --draw form.png"


def add_options(parser):
    """Add the options of the command."""
    parser.add_argument(
        "picture", metavar="PICTURE", help="a scan of the form, best of a blank one"
    )
    parser.add_argument("--page", type=int, help="page of a PDF or TIFF")
    parser.add_argument(
        "--output", metavar="FILE", type=Path, default=Path("form.json"), help="the template"
    )
    parser.add_argument(
        "--draw", metavar="FILE", type=Path, help="save the picture with the boxes numbered"
    )


def run(options):
    """Find the boxes, write the template, and say what to do with it."""
    from skdigits.forms import Template

    template = Template.from_picture(options.picture, page=options.page)
    template.save(options.output)
    print(f"wrote {options.output}: {len(template.boxes)} boxes, {len(template.fields)} fields")
    if options.draw is not None:
        template.draw(options.picture, page=options.page).save(options.draw)
        print(f"wrote {options.draw}: the number of each box")
    print(f"Give the fields names and rules in {options.output}, remove those that are none, then")
    print(f"  skdigits forms scans/ --template {options.output} --output table.xlsx")
