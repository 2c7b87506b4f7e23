"""Passwords are hashed before the database waits, and stand in no error's text."""

from server.access import passwords


def test_a_chosen_password_is_told_by_nothing_but_itself() -> None:
    chosen = passwords.choose("siraba means road")

    assert passwords.is_right("siraba means road", chosen.hashed)
    assert "siraba" not in f"{chosen!r} {chosen}"
    assert chosen.hashed not in f"{chosen!r} {chosen}"


def test_nobody_knows_an_unknown_password() -> None:
    nobody = passwords.unknown()

    assert not passwords.is_right(nobody.password, nobody.hashed)


def test_a_new_password_is_another_each_time() -> None:
    first, second = passwords.new(), passwords.new()

    assert first.password != second.password
    assert passwords.is_right(first.password, first.hashed)
