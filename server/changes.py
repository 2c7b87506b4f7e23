"""What the changes of a form are called, the same on pages and on a terminal."""

from collections.abc import Mapping
from types import MappingProxyType

from forms.definition.comparing import Change, Kind
from server.languages import N_
from storage.problems import Said

KINDS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.FORM_ID: N_("Form id"),
        Kind.TITLE: N_("Title"),
        Kind.QUESTION_ADDED: N_("Question added"),
        Kind.QUESTION_REMOVED: N_("Question removed"),
        Kind.QUESTION_RENAMED: N_("Question renamed (a guess)"),
        Kind.QUESTION_MOVED: N_("Question moved"),
        Kind.QUESTION_REORDERED: N_("Other place in its group"),
        Kind.TYPE_CHANGED: N_("Type changed"),
        Kind.LOGIC_CHANGED: N_("Logic changed"),
        Kind.CHOICE_ADDED: N_("Choice added"),
        Kind.CHOICE_REMOVED: N_("Choice removed"),
        Kind.TEXT_CHANGED: N_("Wording changed"),
        Kind.CHOICE_TEXT_CHANGED: N_("Wording of a choice changed"),
        Kind.LANGUAGE_ADDED: N_("Language added"),
        Kind.LANGUAGE_REMOVED: N_("Language removed"),
        Kind.CASE_TARGET_CHANGED: N_("Place in the case record changed"),
        Kind.CASE_CLASS_CHANGED: N_("Class changed"),
        Kind.PROPERTY_CHANGED: N_("Entity property changed"),
        Kind.MEDIA_ADDED: N_("Media file added"),
        Kind.MEDIA_REMOVED: N_("Media file removed"),
        Kind.ENCRYPTION: N_("Encryption"),
    }
)
_STATES = (N_("encrypted"), N_("not encrypted"))


def sides(change: Change, said: Said) -> tuple[str, str]:
    """What was before and what is now: the designer's own words, but for a state that we name."""
    if change.kind is Kind.ENCRYPTION:
        return said(change.before), said(change.after)
    return change.before, change.after
