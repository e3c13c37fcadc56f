"""The plan as one bilingual YAML document (PLN-03): read with line numbers, checked, and written in exactly one way.

`read(text)` gives a `PlanDocument` or raises `PlanDocumentInvalid` with every problem found; `write(document)` gives the
canonical text. `write(read(write(document))) == write(document)`, byte by byte.
"""

from contingency.plan.document.problems import PlanDocumentInvalid, Problem
from contingency.plan.document.reading import read
from contingency.plan.document.schema import FORMAT, PlanDocument
from contingency.plan.document.writing import write

__all__ = ["FORMAT", "PlanDocument", "PlanDocumentInvalid", "Problem", "read", "write"]
