"""The case number: made offline on a tablet, written by hand on a card, checked wherever it is typed.

`042-0996351-30` is a staff code, the minutes since 2025-01-01 UTC, and two ISO 7064 MOD 97-10 check digits. It says nothing
about the person, and one staff code that registers at most one person a minute never makes it twice.
"""

import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
TOLERANCE = timedelta(days=2)
_SHAPE = re.compile(r"([0-9]{3})-([0-9]{7})-([0-9]{2})")


def make(staff_code: int, minutes: int) -> str:
    """The number that *staff_code* (0-999) gives in the minute *minutes* (0-9,999,999) since the epoch.

    Source: case number of the programme's intake form; ISO 7064 MOD 97-10.
    """
    body = staff_code * 10**7 + minutes
    return f"{staff_code:03d}-{minutes:07d}-{98 - body * 100 % 97:02d}"


def is_right(case_no: str) -> bool:
    """Whether *case_no* has the shape of a case number and the right check digits."""
    found = _SHAPE.fullmatch(case_no)
    return found is not None and int(found[1] + found[2] + found[3]) % 97 == 1


def made_at(case_no: str) -> datetime:
    """The minute (UTC) that a well-shaped *case_no* says it was made in."""
    return EPOCH + timedelta(minutes=int(case_no[4:11]))


def is_implausible(case_no: str, *moments: datetime) -> bool:
    """Whether the number's minute is more than two days from any of *moments*: a sign of a tablet whose clock is wrong."""
    return any(abs(made_at(case_no) - moment) > TOLERANCE for moment in moments)
