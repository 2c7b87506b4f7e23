"""What may be refused about an OData request: Central's numbers, and details that hold what was asked, never an answer."""

from storage.problems import Problem


class UnreadableFilter(Problem):
    """The expression is not OData, or compares what cannot be compared."""

    code = "400.18"
    says = "The OData filter expression you provided could not be parsed: {reason}"


class UnknownProperty(Problem):
    """$select names what the table does not have."""

    code = "400.23"
    says = "Could not find a property named '{property}'"


class UnsupportedSelect(Problem):
    """$select names a field inside a repeat of the table."""

    code = "400.24"
    says = "The given OData select property '{property}' uses features not supported by this server."


class UnsupportedExpression(Problem):
    """Valid OData that this server does not do."""

    code = "501.4"
    says = "The given OData filter expression uses features not supported by this server: {type} at {at} ('{text}')"


class UnsupportedField(Problem):
    """A filter or an order over what only the answers hold."""

    code = "501.5"
    says = "The given OData filter expression references fields not supported by this server: {text} at {at}"
