"""What people are told, in French and English: English is the message id, French lies in a gettext catalogue read at start.

Pages speak the viewer's language, the API what `Accept-Language` asks for, the command line that of its environment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from babel import Locale, default_locale
from babel.messages.pofile import read_po

LOCALE = Path(__file__).parent / "locale"
NAMES: Mapping[str, str] = MappingProxyType({"fr": "Français", "en": "English"})

_PLURAL: Mapping[str, Callable[[int], bool]] = {"fr": lambda n: n > 1, "en": lambda n: n != 1}


def N_(message: str) -> str:  # noqa: N802  # gettext's own name for a message that is translated where it is shown
    """*message*, marked for translation."""
    return message


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its messages, singular and plural, and how it writes dates and numbers."""

    code: str
    locale: Locale
    messages: Mapping[str, tuple[str, str]]

    def said(self, message: str) -> str:
        """*message* in this language; itself when nobody translated it."""
        return self.messages.get(message, (message, ""))[0] if message else ""

    def knows(self, message: str) -> bool:
        """Whether *message* can be said in this language."""
        return self.code == "en" or message in self.messages

    def counted(self, one: str, many: str, n: int) -> str:
        """The message that fits *n* things."""
        forms = self.messages.get(one, (one, many))
        return forms[1] if _PLURAL[self.code](n) else forms[0]


def _french() -> Mapping[str, tuple[str, str]]:
    with (LOCALE / "fr.po").open("rb") as file:
        catalogue = read_po(file, locale="fr")
    found = {}
    for message in catalogue:
        if message.id and message.string:
            texts = message.string if isinstance(message.string, tuple | list) else (message.string, message.string)
            found[message.id if isinstance(message.id, str) else message.id[0]] = (texts[0], texts[-1])
    return MappingProxyType(found)


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        "fr": Language("fr", Locale("fr"), _french()),
        "en": Language("en", Locale("en"), MappingProxyType({})),
    }
)


def language(code: str) -> Language:
    """The language of this code; English for one that is not here."""
    return LANGUAGES.get(code, LANGUAGES["en"])


def of_environment() -> Language:
    """The language that a terminal's environment asks for: LC_ALL, else LC_MESSAGES, else LANG."""
    return language((default_locale(("LC_ALL", "LC_MESSAGES", "LANG")) or "en").partition("_")[0])
