"""Changing and removing people, within what the one who does it holds.

People may look at themselves and change their own name and address. For others it takes the verb on the whole site, and
every verb that the other one holds, wherever that is: nobody edits somebody with more rights than they have. A password is
another matter: whoever knows the old one changes it, and whoever may change the person hands out a link to a new one, but
never to themselves.
"""

from sqlalchemy import delete, func, select, update

from server.access import delegating, digests, policy
from server.access.actors import Actor
from server.access.policy import SITE, Place
from server.access.users import EMAIL, BadEmail, EmailTaken, User
from server.access.verbs import Verb
from storage import audit
from storage.problems import NotAllowed
from storage.schema import account, actor, assignment, password_link, preference, session
from storage.unit_of_work import Unit, tried_again_if_taken


def may_over(unit: Unit, asker: Actor | None, verb: Verb, user: User) -> bool:
    """Whether *asker* may *verb* people, and this one among them."""
    if not policy.allows(unit, asker, verb, SITE):
        return False
    return all(delegating.holds(unit, asker, held.role, Place(held.project_id, held.form_id)) for held in user.holdings)


def may_hand_link(unit: Unit, asker: Actor | None, user: User) -> bool:
    """Whether *asker* may hand this person a link to choose a password: nobody passes by their own old one."""
    return (asker is None or asker.id != user.actor_id) and may_over(unit, asker, Verb.USER_UPDATE, user)


def require_over(unit: Unit, asker: Actor | None, verb: Verb, user: User) -> None:
    """Go on only if *asker* may *verb* people, and this one among them.

    Raises: NotAllowed.
    """
    if not may_over(unit, asker, verb, user):
        raise NotAllowed


def require_own_or_over(unit: Unit, asker: Actor | None, verb: Verb, user: User) -> None:
    """Go on only if *asker* is this person, or may *verb* them.

    Raises: NotAllowed.
    """
    if asker is None or asker.id != user.actor_id:
        require_over(unit, asker, verb, user)


def change(unit: Unit, user: User, *, email: str, display_name: str) -> None:
    """Give a user this address and this name; the password stays, and with another address Digest waits for the next sign-in.

    Raises: BadEmail; EmailTaken; Busy, when somebody else is being given that address.
    """
    if not EMAIL.fullmatch(email):
        raise BadEmail
    taken = select(account.c.actor_id).where(func.lower(account.c.email) == email.lower(), account.c.actor_id != user.actor_id)
    if unit.connection.execute(taken).first() is not None:
        raise EmailTaken(table="users", fields=["email"], values=[email])
    if email != user.email:
        with tried_again_if_taken():
            unit.connection.execute(update(account).where(account.c.actor_id == user.actor_id).values(email=email))
        digests.keep(unit, user.actor_id, None, "")
    unit.connection.execute(
        update(actor).where(actor.c.id == user.actor_id).values(display_name=display_name, updated_at=unit.now)
    )
    changed = [name for name, is_new in (("email", email != user.email), ("name", display_name != user.display_name)) if is_new]
    audit.record(unit, "user.update", subject=str(user.actor_id), details={"changed": changed})


def remove(unit: Unit, user: User) -> None:
    """Take everything from a user but the name that stands on what they did; the address may be given to somebody else.

    Raises: LastAdministrator. Source: ODK Central, DELETE /users/{id}.
    """
    delegating.require_not_last(unit, user.actor_id)
    for table in (session, password_link, preference, assignment, account):
        unit.connection.execute(delete(table).where(table.c.actor_id == user.actor_id))
    unit.connection.execute(update(actor).where(actor.c.id == user.actor_id).values(deleted_at=unit.now))
    held = [f"{held.role} {held.project_id or ''} {held.form_id or ''}".strip() for held in user.holdings]
    audit.record(unit, "user.delete", subject=str(user.actor_id), details={"held": held})
