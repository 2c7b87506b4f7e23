"""Choosing a password by a link that an administrator handed over; to look at it spends nothing, since messengers look too."""

from dataclasses import replace
from typing import Any

from server.access import password_links, passwords
from server.access.passwords import Chosen, PasswordTooLong, PasswordTooShort
from server.admin.pages import again_at, page
from server.admin.signing_in import require_own_form
from server.admin.surface import admin
from server.web import ways
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.surface import ANYONE, Ask
from storage.problems import Problem

PAGE = "/password/<password_token>"


@admin.get(PAGE, needs=ANYONE)
def choosing_page(ask: Ask[None]) -> Answer:
    """The form, with the address that the password will go with.

    Raises: PasswordLinkEnded.
    """
    return _shown(ask)


def _shown(ask: Ask[None], **again: Any) -> Answer:
    user = password_links.user_by(ask.unit, ask.path["password_token"])
    least, most = passwords.CHARACTERS_LEAST, passwords.CHARACTERS_MOST
    return page(ask, "password.html", email=user.email, least=least, most=most, **again)


def _chosen(ask: Ask[None]) -> Chosen:
    """Raises: BadCsrf, for a form on another site; PasswordLinkEnded; PasswordTooShort, PasswordTooLong: the link holds."""
    require_own_form(ask)
    password_links.user_by(ask.unit, ask.path["password_token"])
    return passwords.choose(ask.body.get("password"))


def _again(problem: Problem, ask: Ask[None]) -> Answer | None:
    return _shown(ask, **again_at(problem, ask, "new")) if isinstance(problem, PasswordTooShort | PasswordTooLong) else None


@admin.post(PAGE, needs=ANYONE, reads=form_fields, prepares=_chosen, refused=_again)
def choose(ask: Ask[None]) -> Answer:
    """Set the password; the link ends, and with it whatever session this browser had.

    Raises: PasswordLinkEnded.
    """
    digest_key = ask.site.settings.digest_key
    password_links.spend(ask.unit, ask.path["password_token"], ask.prepared, digest_key=digest_key)
    return replace(redirect("/sign-in"), cookies=ways.ended())
