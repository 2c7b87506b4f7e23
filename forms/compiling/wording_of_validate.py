"""What ODK Validate 1.20 says of an XForm, that is JavaRosa's parser, and how a form designer is told it.

JavaRosa speaks to programmers (`Invalid calculate for the bind attached to … : null`), so the words are ours. A finding may
name a cause, which is a sentence of its own.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_CYCLE: Final = "Cycle detected in form's relevant and calculation logic! The following nodes are likely involved in the loop: "
_UNREADABLE: Final = "This expression cannot be understood: {expression}"

# rule → what JavaRosa says, and what we say of it.
FINDINGS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "condition-cause": (
            "Encountered a problem with {condition} condition for node [{node}] at line: {expression}, {cause}",
            _UNREADABLE,
        ),
        "condition": ("Encountered a problem with {condition} condition for node [{node}] at line: {expression}", _UNREADABLE),
        "constraint-cause": ("bind for {node} contains invalid constraint expression [{expression}] {cause}", _UNREADABLE),
        "constraint": ("bind for {node} contains invalid constraint expression [{expression}]", _UNREADABLE),
        "calculation": (
            'Invalid calculate for the bind attached to "{node}" : {cause} in expression {expression}',
            _UNREADABLE,
        ),
        "default": (
            "Invalid XPath in value set action declaration: '{expression}' Problem found at nodeset: {path} "
            "With element {element}",
            _UNREADABLE,
        ),
        "evaluation": (
            "Error evaluating field '{name}' ({node}): The problem was located in {kind} expression for {target} "
            "XPath evaluation: {cause}",
            "An expression of the question '{name}' cannot be calculated.",
        ),
        "evaluation-other": (
            "Error evaluating field '{name}' ({node}): {cause}",
            "An expression of the question '{name}' cannot be calculated.",
        ),
        "expression": ("XPath evaluation: {cause}", "An expression of the form cannot be calculated."),
        "self": (
            _CYCLE + "{node}",
            "The question {node} depends on itself, so that it can never be calculated.",
        ),
        "cycle": (
            _CYCLE + "{nodes}",
            "These questions depend on each other in a circle, so that none of them can be calculated first: {nodes}",
        ),
        "no-choice-label": (
            "Selection choice label text and image uri are both missing for: {node} choice: {number}.",
            "A choice of this question has neither a label nor an image.",
        ),
        "empty-group": ("Group has no children! Group: {node}. The XML is invalid.", "The group {node} holds no question."),
    }
)
CAUSES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "arguments": (
            "cannot handle function '{function}'. Requires {wanted} arguments but {given} provided.",
            "The function '{function}' takes {wanted} arguments, not {given}.",
        ),
        "function": (
            "cannot handle function '{function}'",
            "There is no function '{function}', or it is not given what it needs.",
        ),
        "brackets": ("Mismatched brackets or parentheses", "A bracket is not closed, or there is one too many."),
        "character": (
            "Couldn't understand the expression starting at this point: {before}\u034e{rest}",
            "It makes no sense from here on: {rest}",
        ),
        "date": ('type mismatch The value "{value}" can\'t be converted to a date.', "'{value}' is no date."),
        "number": ("type mismatch converting to numeric", "Something in it is no number."),
        "several-needed": (
            "type mismatch not a nodeset",
            "A function like sum() or count() needs the answers of a repeat or a list, and is given one value.",
        ),
        "repeated": (
            "type mismatch This field is repeated: {answers} You may need to use the indexed-repeat() function to specify which "
            "value you want.",
            "A question in it is asked in a repeat and has several answers ({answers}): say which one, as with indexed-repeat().",
        ),
        "list": (
            "Instance referenced by {reference} does not exist",
            "The list that it looks into does not exist: {reference}",
        ),
        "step": (
            "unsupported construct [step other than 'child::name', '.', '..']",
            "It uses an axis that tablets do not know: only names, '.' and '..' are possible.",
        ),
        "unsupported": ("unsupported construct [{construct}]", "Tablets cannot evaluate this: {construct}"),
        "cast": ("class {given} cannot be cast to class {wanted}", "A function is given something that it cannot take."),
    }
)
# Said where JavaRosa has no cause to tell.
NO_CAUSE: Final = ("", "null")
