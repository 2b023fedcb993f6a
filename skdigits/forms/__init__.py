"""Numbers from forms: fields with rules, stacks of scans, and which belongs to whom.

A template says where the fields of a form are, and what they may hold::

    template = Template.load("form.json")
    forms = match_forms(read_forms("scans", template), template)
    to_frame(forms, template).to_excel("marks.xlsx")
"""

from skdigits._pictures.fields import ReadField
from skdigits.forms._form import ReadForm
from skdigits.forms._match import Match, match
from skdigits.forms._stack import match_forms, read_forms, to_frame
from skdigits.forms._template import Field, Template

__all__ = [
    "Field",
    "Match",
    "ReadField",
    "ReadForm",
    "Template",
    "match",
    "match_forms",
    "read_forms",
    "to_frame",
]
