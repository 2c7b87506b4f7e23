"""What a stranger's workbook may cost."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one compilation.

    Measured with pyxform 4.5: the intake form (59 kB, 214 rows) takes 0.9 s of CPU and 66 MB in the child, a form with
    5,000 questions and 20,000 choices in two languages 13 s and 244 MB, one of 20,000 questions, each with a condition on the one
    before it, 13 s; ODK Validate is not done with that one in its minute, so it is published as not validated.
    """

    workbook_bytes: int = 20 * MIB
    unzipped_bytes: int = 200 * MIB
    archive_entries: int = 2_000
    rows: int = 100_000
    cells: int = 2_000_000
    characters: int = 100_000  # of one cell; Excel knows 32,767
    xform_bytes: int = 32 * MIB
    cpu_seconds: int = 60
    wall_seconds: int = 120
    memory_bytes: int = 1536 * MIB
