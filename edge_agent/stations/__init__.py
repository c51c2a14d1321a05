"""What a person does at a station, as pure state machines: one activity per module, `step` over all of them.

step(state, Scanned(...) | Weighed(...) | Tick(...)) -> Step(state, facts, feedback)
"""

from edge_agent.stations.machine import step
from edge_agent.stations.model import Feedback, Input, Item, Missing, Rules, Scanned, StationState, Step, Tick, Verdict, Weighed
from edge_agent.stations.reading import scanned
from edge_agent.stations.words import say

__all__ = [
    "Feedback",
    "Input",
    "Item",
    "Missing",
    "Rules",
    "Scanned",
    "StationState",
    "Step",
    "Tick",
    "Verdict",
    "Weighed",
    "say",
    "scanned",
    "step",
]
