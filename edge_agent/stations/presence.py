"""Who is at a station: by badge, or by what a screen proved."""

from __future__ import annotations

from msgspec.structs import replace

from edge_agent.stations.model import Feedback, Scanned, SignedIn, ok, unknown, wrong
from edge_agent.stations.state import Rules, StationState, Step


def is_missing(state: StationState, rules: Rules, by: str | None = None) -> bool:
    """Somebody has to be signed in here, and nobody is; nor at the screen that sent this (`by`)."""
    return rules.sign_in != "none" and state.person is None and by is None


def refusal(rules: Rules) -> Feedback:
    return wrong("sign_in_pin" if rules.sign_in == "pin" else "sign_in_badge")


def badge(state: StationState, read: Scanned, rules: Rules) -> Step:
    """Somebody comes, or leaves: the badge of who is there signs off.  A task stays for who comes next."""
    if read.person is None:
        return Step(state=state, feedback=unknown("badge_unknown"))
    if state.person is not None and state.person.id == read.person.id:
        return Step(state=replace(state, person=None), feedback=ok("signed_off", person=state.person.name))
    if rules.sign_in == "pin":
        return Step(state=state, feedback=wrong("pin_needed"))
    return Step(state=replace(state, person=read.person), feedback=ok("signed_in", person=read.person.name))


def signed(state: StationState, given: SignedIn) -> Step:
    """A screen says who is there, or that nobody is any more."""
    after = replace(state, person=given.person, touched_ms=given.at_ms)
    if given.person is not None:
        return Step(state=after, feedback=ok("signed_in", person=given.person.name))
    if state.person is None:
        return Step(state=state, feedback=ok("left"))
    return Step(state=after, feedback=ok("signed_off", person=state.person.name))
