"""What is told of devices, as plain values that go over a socket and into a table."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.discovery import Candidate, toml_block
from drivers.symbols.parse import parse_symbol
from edge_agent.config import DeviceConfig
from edge_agent.device_events import DeviceEvent, DrawerMoved, Failed, Scanned, StateChanged, WeightChanged
from edge_agent.devices import Devices


def told_device(config: DeviceConfig, devices: Devices, *, is_running: bool) -> dict[str, object]:
    """A configured device: its state, its faults in words, which device it is, and whether another one stands there."""
    state = devices.state(config.id)
    known, seen = devices.identity(config.id), devices.seen(config.id)
    is_other = known is not None and seen is not None and not known.is_same_device(seen)
    return {
        "device": config.id,
        "kind": config.kind.value,
        "model": config.model,
        "address": config.address,
        "state": state.state.value if is_running else "not in use",
        "faults": [{"code": each.code, "message": each.message} for each in state.faults],
        "identity": str(known) if known is not None else None,
        "port": seen.port if seen is not None else None,
        "other": str(seen) if is_other else None,
        "learned": dict(devices.learned(config.id)),
    }


def told_candidate(candidate: Candidate, taken: list[str]) -> dict[str, object]:
    """Something that is plugged in and not configured."""
    return {
        "node": candidate.seen.node,
        "identity": str(candidate.identity),
        "port": candidate.identity.port,
        "address": candidate.address,
        "lasts": candidate.lasts,
        "models": list(candidate.models),
        "why": candidate.why,
        "toml": toml_block(candidate, taken),
    }


def told_event(event: DeviceEvent) -> Mapping[str, object]:
    match event.what:
        case Scanned(symbol):
            parsed = parse_symbol(symbol.data, symbol.aim)
            return {
                "event": "scan",
                "text": parsed.text,
                "aim": parsed.aim,
                "gtin": parsed.gtin14,
                "is_ambiguous": parsed.is_ambiguous,
                "hex": symbol.data.hex(),
            }
        case WeightChanged(weight, is_settled):
            return {
                "event": "weight",
                "grams": str(weight.grams),
                "stable": weight.stable,
                "net": weight.is_net,
                "settled": is_settled,
                "legal": weight.is_legal,
                "hex": weight.raw.hex(),
            }
        case StateChanged(state, faults):
            return {"event": "state", "state": state.value, "faults": [each.message for each in faults]}
        case DrawerMoved(is_open):
            return {"event": "drawer", "open": is_open}
        case Failed(fault):
            return {"event": "refused", "message": fault.message}
