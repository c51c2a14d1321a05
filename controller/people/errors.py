"""What people's verbs refuse."""

from __future__ import annotations

from controller.errors import Conflict, Forbidden, Rejected
from controller.people.policies import MAX_NAME, MIN_PASSWORD, PasswordFlaw

_FLAWS = {
    PasswordFlaw.SHORT: f"the password is shorter than {MIN_PASSWORD} characters",
    PasswordFlaw.LONG: "the password is too long",
    PasswordFlaw.COMMON: "the password is one of those that are guessed first",
    PasswordFlaw.MONOTONOUS: "the password is a few characters over and over",
    PasswordFlaw.NAME: "the password is the person's name",
}


class BadName(Rejected):
    code = "bad_name"

    def __init__(self) -> None:
        super().__init__(f"a name is 1 to {MAX_NAME} characters on one line, without spaces around it")


class NameTaken(Conflict):
    """Names are what people log in by."""

    code = "name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a person called {name!r} already: add what tells the two apart")


class BadPin(Rejected):
    code = "bad_pin"

    def __init__(self) -> None:
        super().__init__("a PIN is 4 to 8 digits")


class EasyPin(Rejected):
    code = "easy_pin"

    def __init__(self) -> None:
        super().__init__("this PIN is one of those that are tried first: no repeated digit or pair, no run up or down")


class BadPassword(Rejected):
    code = "bad_password"

    def __init__(self, flaw: PasswordFlaw) -> None:
        super().__init__(_FLAWS[flaw])
        self.flaw = flaw.value


class LastAdmin(Conflict):
    """Somebody must be left who can let people in."""

    code = "last_admin"

    def __init__(self) -> None:
        super().__init__("this is the last person with a password who is admin of the whole chain: make another one first")


class BeyondYours(Forbidden):
    """Nobody gives a role that allows more than their own, nor changes somebody who may do more."""

    code = "beyond_yours"

    def __init__(self) -> None:
        super().__init__("this person's roles, now or then, allow what yours do not: ask an admin of these sites")
