"""The site's users: list, add with a password shown once, change, remove, make administrators; and one's own password."""

from typing import Any

from server.access import actors, administering, delegating, password_links, passwords, users
from server.access.app_users import NAME_CHARACTERS_MOST, NameMissing
from server.access.delegating import LastAdministrator
from server.access.password_links import PasswordLink
from server.access.passwords import Chosen, PasswordTooLong, PasswordTooShort
from server.access.policy import SITE
from server.access.throttle import sign_ins
from server.access.users import EMAIL, BadEmail, EmailTaken, User
from server.access.verbs import Verb
from server.admin.pages import again_at, link, page
from server.admin.surface import admin
from server.admin.team import roles_in
from server.web.answers import Answer, redirect
from server.web.bodies import form_fields
from server.web.surface import SIGNED_IN, Ask
from storage.problems import NotAllowed, Problem

USER = "/users/<int:actor_id>"


class WrongPassword(Problem):
    """The present password, asked for again, was wrong."""

    code = "403.62"
    says = "The present password is not right."


class RemovalNotConfirmed(Problem):
    """An account does not come back, so it takes more than a button."""

    code = "400.84"
    says = "Confirm that this user is to be removed. Nothing was changed."


@admin.get("/users", needs=Verb.USER_LIST)
def users_page(ask: Ask[None]) -> Answer:
    """Everybody who can sign in."""
    return _users_page(ask)


def _new_password(_: Ask[None] | Ask[User]) -> Chosen:
    return passwords.new()


def _added_again(problem: Problem, ask: Ask[None]) -> Answer | None:
    field = _field(problem)
    return None if field is None else _users_page(ask, **again_at(problem, ask, field))


@admin.post("/users", needs=Verb.USER_CREATE, reads=form_fields, prepares=_new_password, refused=_added_again)
def add_user(ask: Ask[None]) -> Answer:
    """Add a user without any role; the password stands on this answer and nowhere else.

    Raises: BadEmail, NameMissing, EmailTaken.
    """
    email, name = ask.body.get("email", "").strip(), _name(ask)
    if not EMAIL.fullmatch(email):
        raise BadEmail
    chosen: Chosen = ask.prepared
    users.add_user(ask.unit, email, name, chosen, digest_key=ask.site.settings.digest_key)
    return _users_page(ask, added=email, password=chosen.password)


@admin.get(USER, needs=Verb.USER_READ, finds=users.user_of)
def user_page(ask: Ask[User]) -> Answer:
    """A user: name and address, a new password or a link to choose one, and removal."""
    return _user_page(ask)


def _changed_again(problem: Problem, ask: Ask[User]) -> Answer | None:
    field = _field(problem)
    return None if field is None else _user_page(ask, **again_at(problem, ask, field))


@admin.post(USER, needs=Verb.USER_UPDATE, finds=users.user_of, reads=form_fields, refused=_changed_again)
def change_user(ask: Ask[User]) -> Answer:
    """Another name or address.

    Raises: NotAllowed, NameMissing, BadEmail, EmailTaken.
    """
    administering.require_own_or_over(ask.unit, ask.actor, Verb.USER_UPDATE, ask.found)
    administering.change(ask.unit, ask.found, email=ask.body.get("email", "").strip(), display_name=_name(ask))
    return redirect("/users")


@admin.post(f"{USER}/password", needs=Verb.USER_UPDATE, finds=users.user_of, reads=form_fields, prepares=_new_password)
def reset_password(ask: Ask[User]) -> Answer:
    """Give a user another password, shown once; whoever was signed in with the old one is out.

    Raises: NotAllowed, for oneself.
    """
    _require_other(ask)
    chosen: Chosen = ask.prepared
    users.set_password(ask.unit, ask.found.actor_id, chosen, digest_key=ask.site.settings.digest_key)
    return _users_page(ask, added=ask.found.email, password=chosen.password)


@admin.post(f"{USER}/link", needs=Verb.USER_UPDATE, finds=users.user_of, reads=form_fields)
def make_link(ask: Ask[User]) -> Answer:
    """A link by which the user chooses a password; it stands on this answer and nowhere else.

    Raises: NotAllowed, for oneself.
    """
    _require_other(ask)
    return _user_page(ask, password_links.make(ask.unit, ask.found.actor_id))


def _not_removed(problem: Problem, ask: Ask[User]) -> Answer | None:
    if not isinstance(problem, RemovalNotConfirmed | LastAdministrator):
        return None
    return _user_page(ask, **again_at(problem, ask, "confirmed"))


@admin.post(f"{USER}/remove", needs=Verb.USER_DELETE, finds=users.user_of, reads=form_fields, refused=_not_removed)
def remove_user(ask: Ask[User]) -> Answer:
    """Remove a user: account, sessions and roles; the name stays on what they did.

    Raises: RemovalNotConfirmed, NotAllowed, LastAdministrator.
    """
    if ask.body.get("confirmed") != "on":
        raise RemovalNotConfirmed
    administering.require_over(ask.unit, ask.actor, Verb.USER_DELETE, ask.found)
    administering.remove(ask.unit, ask.found)
    return redirect("/users")


@admin.post(f"{USER}/give", needs=Verb.ASSIGNMENT_CREATE, reads=form_fields)
def give_site_role(ask: Ask[None]) -> Answer:
    """Give a role on the whole site.

    Raises: NotAllowed, NotFound.
    """
    delegating.give(ask.unit, ask.actor, ask.path["actor_id"], ask.body.get("role", ""), SITE)
    return redirect("/users")


def _not_taken(problem: Problem, ask: Ask[None]) -> Answer | None:
    if not isinstance(problem, LastAdministrator):
        return None
    return _users_page(ask, **again_at(problem, ask, f"roles-{ask.path['actor_id']}"))


@admin.post(f"{USER}/take", needs=Verb.ASSIGNMENT_DELETE, reads=form_fields, refused=_not_taken)
def take_site_role(ask: Ask[None]) -> Answer:
    """Take a role on the whole site away.

    Raises: NotAllowed, LastAdministrator.
    """
    delegating.take(ask.unit, ask.actor, ask.path["actor_id"], ask.body.get("role", ""), SITE)
    return redirect("/users")


@admin.get("/account", needs=SIGNED_IN)
def account_page(ask: Ask[None]) -> Answer:
    """One's own password."""
    return _account_page(ask)


def _account_page(ask: Ask[None], **again: Any) -> Answer:
    least, most = passwords.CHARACTERS_LEAST, passwords.CHARACTERS_MOST
    return page(ask, "account.html", email=_own(ask).email, least=least, most=most, target="/account", **again)


def _kept(problem: Problem, ask: Ask[None]) -> Answer | None:
    fields = {WrongPassword: "present", PasswordTooShort: "new", PasswordTooLong: "new"}
    field = fields.get(type(problem))
    return None if field is None else _account_page(ask, **again_at(problem, ask, field))


def _proven(ask: Ask[None]) -> Chosen:
    """The new password, when the present one was right.

    Raises: WrongPassword, TooManyFailures, PasswordTooShort, PasswordTooLong.
    """
    user = _own(ask)
    sign_ins.require_calm(user.email, ask.unit.now)
    if actors.by_password(ask.unit, user.email, ask.body.get("present", "")) is None:
        sign_ins.note_failure(user.email, ask.unit.now)
        raise WrongPassword
    return passwords.choose(ask.body.get("password"))


@admin.post("/account/password", needs=SIGNED_IN, reads=form_fields, prepares=_proven, refused=_kept)
def change_password(ask: Ask[None]) -> Answer:
    """Change one's own password; every session ends, this one too."""
    users.set_password(ask.unit, _own(ask).actor_id, ask.prepared, digest_key=ask.site.settings.digest_key)
    return redirect("/sign-in")


def _own(ask: Ask[None]) -> User:
    return users.user_of(ask.unit, ask.actor.id if ask.actor else 0)


def _name(ask: Ask[None] | Ask[User]) -> str:
    name: str = ask.body.get("name", "").strip()
    if not 0 < len(name) <= NAME_CHARACTERS_MOST:
        raise NameMissing(most=NAME_CHARACTERS_MOST)
    return name


def _require_other(ask: Ask[User]) -> None:
    if not administering.may_hand_link(ask.unit, ask.actor, ask.found):
        raise NotAllowed


def _field(problem: Problem) -> str | None:
    """The field of a name and an address at which they were refused."""
    return {NameMissing: "name", BadEmail: "email", EmailTaken: "email"}.get(type(problem))


def _user_page(ask: Ask[User], made: PasswordLink | None = None, **again: Any) -> Answer:
    return page(
        ask,
        "user.html",
        user=ask.found,
        other=administering.may_hand_link(ask.unit, ask.actor, ask.found),
        address=made.address(ask.site.settings.site_url) if made else None,
        expires_at=made.expires_at if made else None,
        most=NAME_CHARACTERS_MOST,
        target=link("users", ask.found.actor_id),
        **again,
    )


def _users_page(ask: Ask[None] | Ask[User], *, added: str | None = None, password: str | None = None, **again: Any) -> Answer:
    return page(
        ask,
        "users.html",
        listed=[(user, roles_in(user, None), len({held.project_id for held in user.holdings} - {None}))
                for user in users.users(ask.unit)],
        may_give=delegating.may_give(ask.unit, ask.actor, SITE),
        added=added,
        password=password,
        target="/users",
        **again,
    )  # fmt: skip
