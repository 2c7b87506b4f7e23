"""The texts of an XForm by language: itext, inline labels, and the outputs inside both."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from lxml import etree

from forms.xml import child, children, local_name

_ITEXT: Final = re.compile(r"""jr:itext\(\s*['"](.+?)['"]\s*\)""")


class Translations:
    """itext by id, plus what is needed to read any label; a text is read when it is asked for, since most are of choices.

    `languages` has the default first.
    """

    def __init__(self, itext: etree._Element | None) -> None:
        self._translations = [] if itext is None else children(itext, "translation")
        self._translations.sort(key=lambda each: each.get("default") is None)
        self.languages = tuple(each.get("lang") or "" for each in self._translations)

    @cached_property
    def _by_id(self) -> list[dict[str, etree._Element]]:
        return [{text.get("id") or "": text for text in each} for each in self._translations]

    def of(self, text_id: str) -> Mapping[str, str]:
        """language → text, empty for an unknown id."""
        found = {}
        for language, texts in zip(self.languages, self._by_id, strict=True):
            value = next((each for each in texts.get(text_id, ()) if each.get("form") in (None, "long")), None)
            if value is not None:
                found[language] = shown(value)
        return found

    def label_of(self, element: etree._Element) -> Mapping[str, str]:
        """language → label of a control, group or item; {"": label} when it is not translated, {} when there is none."""
        label = child(element, "label")
        return {} if label is None else self.meant_by(label)

    def hint_of(self, element: etree._Element) -> Mapping[str, str]:
        """language → hint of a control."""
        hint = child(element, "hint")
        return {} if hint is None else self.meant_by(hint)

    def written(self, text: str | None) -> Mapping[str, str]:
        """language → text of an attribute that refers to itext or holds the text itself."""
        reference = _ITEXT.match((text or "").strip())
        if reference:
            return self.of(reference[1])
        return {"": text.strip()} if text and text.strip() else {}

    def meant_by(self, label: etree._Element) -> Mapping[str, str]:
        """language → text of a label element that refers to itext or holds the text itself."""
        reference = _ITEXT.match((label.get("ref") or "").strip())
        if reference:
            return self.of(reference[1])
        text = shown(label)
        return {"": text} if text else {}


def shown(element: etree._Element) -> str:
    """The text of a label; an output is shown as the question it quotes, as in a spreadsheet: `${first_name}`."""
    if not len(element):
        return (element.text or "").strip()
    parts = [element.text or ""]
    for each in element:
        if local_name(each) == "output":
            reference = each.get("value") or each.get("ref") or ""
            parts.append("${" + reference.strip().rpartition("/")[2] + "}")
        else:
            parts.append("".join(map(str, each.itertext())))
        parts.append(each.tail or "")
    return "".join(parts).strip()
