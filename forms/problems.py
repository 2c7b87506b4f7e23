"""What may be refused about forms and what is sent for them.

No sentence here quotes an answer: these texts go back to devices and into logs. Central's numbers where the meaning is
Central's; ours begin at .70, since the surfaces use .61 to .69.
"""

from storage.problems import Problem, Said


class MalformedXml(Problem):
    """The bytes are not XML that we are willing to read."""

    code = "400.1"
    says = "The XML could not be read: {reason} (line {line}, column {column})."


class MissingField(Problem):
    """A form or a submission lacks something that it cannot do without."""

    code = "400.2"
    says = "Required parameter {field} missing."


class AlreadyExists(Problem):
    """What was to be made is there already: the details tell which *fields* would stand twice, with which *values*."""

    code = "409.3"
    says = "A resource already exists with {fields} value(s) of {values}."
    fields: list[str]
    values: list[str]

    def told(self, said: Said = str) -> str:
        """What is there already; programs find the names and values one by one in the details."""
        return said(self.says).format(fields=",".join(self.details["fields"]), values=",".join(self.details["values"]))


class XmlTooLarge(Problem):
    """The XML is longer than the server is willing to read."""

    code = "413.72"
    says = "The XML has {size_bytes} bytes; at most {limit_bytes} are accepted."


class InvalidWorkbook(Problem):
    """The spreadsheet was opened but is not a valid XLSForm; `issues` says where."""

    code = "400.15"
    says = "The form is not valid: {first}"


class FieldTypeChanged(Problem):
    """What was collected under this path would change its type; `issues` tells each such field and its place."""

    code = "400.17"
    says = (
        "{place}The form changes the type of the field at {path}, which had the type {type} in a version that was published. "
        "Give the field its earlier type back, or another name."
    )


class UnknownWorkbook(Problem):
    """The upload is neither a spreadsheet nor an XForm."""

    code = "400.79"
    says = "The file cannot be read as a form. {reason}"


class WorkbookTooLarge(Problem):
    """Opening the spreadsheet would cost more than the server gives to a stranger's file."""

    code = "413.71"
    says = "The spreadsheet is too large. {what}"


class CompilingExhausted(Problem):
    """The compiler ran into its limits, so the spreadsheet is judged hostile or broken."""

    code = "400.71"
    says = "The form is too large or too complicated: making it took more {resource}, and was stopped."


class UnreadableForm(Problem):
    """The XML is well-formed, but no XForm."""

    code = "400.72"
    says = "The XForm could not be read: {reason}."


class InvalidEntityForm(Problem):
    """What the form declares about entities contradicts itself."""

    code = "400.25"
    says = "The entity definition within the form is invalid. {reason}"


class UnreadableAnswers(Problem):
    """The envelope was read but the answers do not fit the form.

    Never a refusal at intake: the submission is kept, marked and shown to a person.
    """

    code = "400.73"
    says = "The answers could not be read: {reason} at {path}."


class Undecryptable(Problem):
    """The passphrase or the key is another, or the content was damaged."""

    code = "400.12"
    says = "Could not perform decryption. Double check your passphrase and your data and try again."


class BadPublicKey(Problem):
    """The form would make tablets encrypt for a key that is none, and nobody could ever read what they send."""

    code = "400.94"
    says = "The form's public_key is not an RSA public key: paste the text between the BEGIN and END lines of a PEM file."


class AlreadyActive(Problem):
    """The project has a key, which is never replaced: what was encrypted for it needs it."""

    code = "409.4"
    says = "Could not activate feature ({feature}) as it was already activated"
