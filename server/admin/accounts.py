"""The site's users: list them, add one with a password shown once, make administrators; and one's own password."""

import re

from server.access import actors, delegating, users
from server.access.app_users import NAME_CHARACTERS_MOST, NameMissing
from server.access.policy import SITE
from server.access.throttle import sign_ins
from server.access.users import User
from server.access.verbs import Verb
from server.admin.pages import page
from server.admin.surface import admin
from server.admin.team import roles_in
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.surface import SIGNED_IN, Ask
from storage.problems import NotFound, Problem

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
PASSWORD_CHARACTERS_LEAST = 10


class BadEmail(Problem):
    """What was given is no e-mail address."""

    code = "400.82"
    says = "This is not an e-mail address."


class PasswordTooShort(Problem):
    """A password that could be guessed."""

    code = "400.21"
    says = "A password needs at least {least} characters."


class WrongPassword(Problem):
    """The present password, asked for again, was wrong."""

    code = "403.62"
    says = "The present password is not right."


@admin.get("/users", needs=Verb.USER_LIST)
def users_page(ask: Ask[None]) -> Answer:
    """Everybody who can sign in."""
    return _users_page(ask)


@admin.post("/users", needs=Verb.USER_CREATE, reads=form_fields)
def add_user(ask: Ask[None]) -> Answer:
    """Add a user without any role; the password stands on this answer and nowhere else.

    Raises: BadEmail, NameMissing, EmailTaken.
    """
    email, name = ask.body.get("email", "").strip(), ask.body.get("name", "").strip()
    if not EMAIL.fullmatch(email):
        raise BadEmail
    if not 0 < len(name) <= NAME_CHARACTERS_MOST:
        raise NameMissing(most=NAME_CHARACTERS_MOST)
    password = users.new_password()
    users.add_user(ask.unit, email, name, password, digest_key=ask.site.settings.digest_key)
    return _users_page(ask, added=email, password=password)


@admin.post("/users/<int:actor_id>/password", needs=Verb.USER_CREATE, reads=form_fields)
def reset_password(ask: Ask[None]) -> Answer:
    """Give a user another password, shown once; whoever was signed in with the old one is out.

    Raises: NotFound.
    """
    user = next((user for user in users.users(ask.unit) if user.actor_id == ask.path["actor_id"]), None)
    if user is None:
        raise NotFound
    password = users.new_password()
    users.set_password(ask.unit, user.actor_id, password, digest_key=ask.site.settings.digest_key)
    return _users_page(ask, added=user.email, password=password)


@admin.post("/users/<int:actor_id>/give", needs=Verb.ASSIGNMENT_CREATE, reads=form_fields)
def give_site_role(ask: Ask[None]) -> Answer:
    """Give a role on the whole site.

    Raises: NotAllowed, NotFound.
    """
    delegating.give(ask.unit, ask.actor, ask.path["actor_id"], ask.body.get("role", ""), SITE)
    return redirect("/users")


@admin.post("/users/<int:actor_id>/take", needs=Verb.ASSIGNMENT_DELETE, reads=form_fields)
def take_site_role(ask: Ask[None]) -> Answer:
    """Take a role on the whole site away.

    Raises: NotAllowed, LastAdministrator.
    """
    delegating.take(ask.unit, ask.actor, ask.path["actor_id"], ask.body.get("role", ""), SITE)
    return redirect("/users")


@admin.get("/account", needs=SIGNED_IN)
def account_page(ask: Ask[None]) -> Answer:
    """One's own password."""
    return page(ask, "account.html", email=_own(ask).email, least=PASSWORD_CHARACTERS_LEAST)


@admin.post("/account/password", needs=SIGNED_IN, reads=form_fields)
def change_password(ask: Ask[None]) -> Answer:
    """Change one's own password; every session ends, this one too.

    Raises: WrongPassword, TooManyFailures, PasswordTooShort.
    """
    user = _own(ask)
    sign_ins.require_calm(user.email, ask.unit.now)
    if actors.by_password(ask.unit, user.email, ask.body.get("present", "")) is None:
        sign_ins.note_failure(user.email, ask.unit.now)
        raise WrongPassword
    if len(ask.body.get("password", "")) < PASSWORD_CHARACTERS_LEAST:
        raise PasswordTooShort(least=PASSWORD_CHARACTERS_LEAST)
    users.set_password(ask.unit, user.actor_id, ask.body["password"], digest_key=ask.site.settings.digest_key)
    return redirect("/sign-in")


def _own(ask: Ask[None]) -> User:
    return next(user for user in users.users(ask.unit) if ask.actor and user.actor_id == ask.actor.id)


def _users_page(ask: Ask[None], *, added: str | None = None, password: str | None = None) -> Answer:
    return page(
        ask,
        "users.html",
        listed=[(user, roles_in(user, None), len({held.project_id for held in user.holdings} - {None}))
                for user in users.users(ask.unit)],
        may_give=delegating.may_give(ask.unit, ask.actor, SITE),
        added=added,
        password=password,
    )  # fmt: skip
