"""Sensitivity classes: what each guards, which is higher, and which values raise the class of what holds them.

`pub` administrative < `res` personal < `hea` health < `hea_restricted` health that stays with the treating clinicians < `pro`
protection and trafficking. Some answers betray more than their column: a referral to the protection unit says "trafficking"
whatever class `to_org` has.
"""

from collections.abc import Mapping
from typing import Any

CLASSES = ("pub", "res", "hea", "hea_restricted", "pro")
RANK: Mapping[str, int] = {name: n for n, name in enumerate(CLASSES)}

_PROTECTION_ACTORS = dict.fromkeys(("iom_prot", "cncltppa", "police"), "pro")
_PROTECTION_NEEDS = dict.fromkeys(("protection", "asylum"), "pro")

RAISES: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("episode", "assistance_requested"): _PROTECTION_NEEDS,
    ("episode", "entry_channel"): dict.fromkeys(("police", "justice"), "pro"),
    ("referral", "needs"): _PROTECTION_NEEDS,
    ("referral", "to_org"): _PROTECTION_ACTORS,
    ("service", "type"): dict.fromkeys(("legal", "mhpss", "psych", "psy"), "hea"),
    ("service", "provider"): _PROTECTION_ACTORS,
    ("consent", "scope"): {"share_nrm": "pro", "treatment": "hea", "share_iom_health": "hea"},
    ("lab_test", "type"): dict.fromkeys(("hiv", "syph", "hbsag", "hcv"), "hea_restricted"),
    ("attachment", "kind"): {"medical": "hea", "health_consent": "hea", "lab_result": "hea", "legal": "pro"},
}
"""(table, column) → value → the class it raises to. Lists raise by each of their values."""

_RESTRICTED_DIAGNOSES = ("F", "T74", "Y05", "B20", "Z21", "B18", "A51", "A52", "A53", "B15", "B16", "B17", "B19")
RAISED_COLUMNS: Mapping[str, tuple[str, ...]] = {
    **{table: tuple(column for t, column in RAISES if t == table) for table, _ in RAISES},
    "diagnosis": ("code",),
    "condition_history": ("code",),
}


def higher(one: str, other: str) -> str:
    """The higher of two classes."""
    return one if RANK[one] >= RANK[other] else other


def of_value(table: str, column: str, value: Any) -> str:
    """The class that *value* (a code or a list of codes) raises its holder to; `pub` if it raises nothing.

    A diagnosis of sexual abuse (T74.2) is kept with the clinicians like its neighbours: to tell a protection officer of it is
    a person's decision, with the consent that goes with it, never a side effect of a code.
    """
    if table == "diagnosis":
        return "hea_restricted" if str(value).startswith(_RESTRICTED_DIAGNOSES) else "pub"
    if table == "condition_history":
        return "hea_restricted" if value in ("hep", "mental") else "pub"
    raising = RAISES.get((table, column), {})
    found = "pub"
    for code in value if isinstance(value, list) else (value,):
        found = higher(found, raising.get(code, "pub"))
    return found
