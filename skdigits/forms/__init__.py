"""Numbers from forms: which sheet belongs to which number of a list.

A field is read with :meth:`skdigits.DigitReader.read_field`::

    fields = [reader.read_field(scan, box=box, candidates=students) for scan in scans]
    matches = match(fields, students)
"""

from skdigits._pictures.fields import ReadField
from skdigits.forms._match import Match, match

__all__ = ["Match", "ReadField", "match"]
