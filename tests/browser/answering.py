"""Answering the questions of a form in the browser, as a person does: each found by its label."""

from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Locator, Page

# A text, or the name of a choice (its label where the choices drop down); several choices; a number; a file.
Answer = str | list[str] | int | Path


def question(page: Page, label: str) -> Locator:
    """The question with this label; the last one where several have it."""
    asks = page.locator(f"label:text-is({quoted(label)}):not(:has(input))")
    return page.locator(".odk-form .question-container").filter(has=asks).last


def quoted(text: str) -> str:
    """*text* for a selector."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def answer(page: Page, label: str, given: Answer) -> None:
    """Answer one question that is on the page."""
    asked = question(page, label)
    if isinstance(given, Path):
        asked.locator("input[type=file]").set_input_files(given)
    elif isinstance(given, int):  # the field for numbers takes only what is typed key by key
        asked.get_by_role("spinbutton").press_sequentially(str(given))
        page.keyboard.press("Tab")
    elif isinstance(given, list):
        for value in given:
            asked.locator(f"input[value={quoted(value)}]").check()
    elif asked.get_by_role("combobox").count():
        asked.get_by_role("combobox").click()
        page.get_by_role("option", name=given, exact=True).click()
    elif asked.get_by_role("radio").count():
        asked.locator(f"input[value={quoted(given)}]").check()
    else:
        asked.locator("input, textarea").fill(given)


def answer_all(page: Page, answers: Iterable[tuple[str, Answer]]) -> None:
    """Answer one question after another."""
    for label, given in answers:
        answer(page, label, given)


def send(page: Page) -> None:
    """Press the form's own button, and wait until the server has it."""
    page.locator(".odk-form").get_by_role("button", name="Send").click()
    page.wait_for_selector("text=The server has received the form.")
