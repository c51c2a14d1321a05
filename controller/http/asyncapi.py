"""AsyncAPI 3.0 of the wire contract, from `edge_agent.wire`, seen from the box, which owns it; kept in docs/asyncapi.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from edge_agent.wire.facts import FACTS, CommandDone, JobChanged
from edge_agent.wire.messages import (
    Ack,
    Alert,
    Batch,
    BoxDescription,
    BoxState,
    CommandRequest,
    DeviceState,
    Envelope,
    GatewayState,
    JobRequest,
    LiveWeight,
    TwinDesired,
    TwinReported,
)
from edge_agent.wire.telemetry import LogLines, Telemetry
from edge_agent.wire.topics import RETAINED, BoxTopic, Family, GatewayTopic

Json = dict[str, Any]
_REFERENCE = "#/components/schemas/{name}"
_SITE, _BOX, _DEVICE, _NAME, _ID = "a-site", "a-box", "a-device", "a_name", "an-id"
_PARAMETERS = {
    _SITE: ("site", "the site's id; the controller takes a box's site from its own record"),
    _BOX: ("box", "the box's id, unique in the chain"),
    _DEVICE: ("device", "the device's id, `_` for the box itself"),
    _NAME: ("name", "the message's name"),
    _ID: ("id", "the id of the job, command, alert or gateway"),
}


def document(version: str) -> Json:
    """The contract: channels, who sends on them, and the messages."""
    channels = {name: _channel(address, messages, retained=retained) for name, address, messages, retained, _ in _all()}
    operations = {
        f"{name}_{action}": {"action": action, "channel": {"$ref": f"#/channels/{name}"}} for name, _, _, _, action in _all()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Shelfwire, box and controller",
            "version": version,
            "description": "MQTT 5. A box stores a fact before it sends it, and frees it on the controller's ack, not on a PUBACK.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def text(version: str) -> str:
    return (
        "# Generated from edge_agent/wire by `python -m controller asyncapi`; do not edit.\n"
        + "\n".join(_yaml(document(version), 0))
        + "\n"
    )


def _box_topic(family: Family, *, device: str = "_", name: str | None = None, leg: str | None = None) -> str:
    return str(BoxTopic(site=_SITE, box=_BOX, device=device, family=family, name=name, leg=leg))  # type: ignore[arg-type]  # checked there


def _all() -> Iterator[tuple[str, str, list[str], bool, str]]:
    """Channels as (name, topic with stand-ins, messages, retained, what the box does)."""
    facts = [_message_name(name, version) for name, version in FACTS]
    job, done = _message_name(JobChanged.name, JobChanged.version), _message_name(CommandDone.name, CommandDone.version)
    yield "gateway_state", str(GatewayTopic(_ID)), ["GatewayState"], True, "receive"
    yield from (
        (name, topic, messages, family in RETAINED, action)
        for name, family, topic, messages, action in [
            ("box_state", Family.STATE, _box_topic(Family.STATE), ["BoxState"], "send"),
            ("box_description", Family.DESC, _box_topic(Family.DESC), ["BoxDescription"], "send"),
            ("device_state", Family.STATE, _box_topic(Family.STATE, device=_DEVICE), ["DeviceState"], "send"),
            ("fact", Family.FACT, _box_topic(Family.FACT, device=_DEVICE, name=_NAME), facts, "send"),
            ("batch", Family.BATCH, _box_topic(Family.BATCH), ["Batch"], "send"),
            ("ack", Family.ACK, _box_topic(Family.ACK), ["Ack"], "receive"),
            ("live", Family.LIVE, _box_topic(Family.LIVE, device=_DEVICE, name="weight"), ["LiveWeight"], "send"),
            ("job_request", Family.JOB, _box_topic(Family.JOB, device=_DEVICE, name=_ID, leg="req"), ["JobRequest"], "receive"),
            ("job_result", Family.JOB, _box_topic(Family.JOB, device=_DEVICE, name=_ID, leg="res"), [job], "send"),
            (
                "command_request",
                Family.CMD,
                _box_topic(Family.CMD, device=_DEVICE, name=_ID, leg="req"),
                ["CommandRequest"],
                "receive",
            ),
            ("command_result", Family.CMD, _box_topic(Family.CMD, device=_DEVICE, name=_ID, leg="res"), [done], "send"),
            ("twin_desired", Family.TWIN, _box_topic(Family.TWIN, name="desired"), ["TwinDesired"], "receive"),
            ("twin_reported", Family.TWIN, _box_topic(Family.TWIN, name="reported"), ["TwinReported"], "send"),
            ("alert", Family.ALERT, _box_topic(Family.ALERT, name=_ID), ["Alert"], "send"),
            ("telemetry", Family.TEL, _box_topic(Family.TEL), ["Telemetry"], "send"),
            ("log", Family.LOG, _box_topic(Family.LOG), ["LogLines"], "send"),
        ]
    )


_PLAIN: tuple[type[msgspec.Struct], ...] = (
    GatewayState,
    BoxState,
    BoxDescription,
    DeviceState,
    Batch,
    Ack,
    LiveWeight,
    JobRequest,
    CommandRequest,
    TwinDesired,
    TwinReported,
    Alert,
    Telemetry,
    LogLines,
)


def _message_name(name: str, version: int) -> str:
    return f"{name}.{version}"


def _channel(topic: str, messages: list[str], *, retained: bool) -> Json:
    parts = topic.split("/")
    address = "/".join("{%s}" % _PARAMETERS[part][0] if part in _PARAMETERS else part for part in parts)  # noqa: UP031 -- braces
    channel: Json = {"address": address, "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages}}
    parameters = {_PARAMETERS[part][0]: {"description": _PARAMETERS[part][1]} for part in parts if part in _PARAMETERS}
    if parameters:
        channel["parameters"] = parameters
    channel["bindings"] = {"mqtt": {"bindingVersion": "0.2.0"}}
    channel["description"] = "Retained." if retained else "Not retained."
    return channel


def _messages() -> Json:
    found = {
        cls.__name__: {"payload": {"$ref": _REFERENCE.format(name=cls.__name__)}, "summary": _first_line(cls)} for cls in _PLAIN
    }
    for (name, version), cls in FACTS.items():
        data = {"$ref": _REFERENCE.format(name=cls.__name__)}
        own = {"properties": {"name": {"const": name}, "v": {"const": version}, "data": data}}
        found[_message_name(name, version)] = {
            "payload": {"allOf": [{"$ref": _REFERENCE.format(name=Envelope.__name__)}, own]},
            "summary": _first_line(cls),
        }
    return found


def _first_line(cls: type) -> str:
    return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


def _schemas() -> Json:
    _, components = msgspec.json.schema_components([Envelope, *_PLAIN, *FACTS.values()], ref_template=_REFERENCE)
    return components


def _yaml(value: object, depth: int) -> Iterator[str]:
    """Block-style YAML 1.2; scalars, keys and empty collections as JSON, which YAML contains."""
    indent = "  " * depth
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _yaml_item(f"{indent}{_yaml_key(key)}:", item, depth + 1)
    elif isinstance(value, list) and value:
        for item in value:
            yield from _yaml_item(f"{indent}-", item, depth + 1)
    else:
        yield f"{indent}{json.dumps(value, ensure_ascii=False)}"


def _yaml_item(head: str, item: object, depth: int) -> Iterator[str]:
    if isinstance(item, dict | list) and item:
        yield head
        yield from _yaml(item, depth)
    else:
        yield f"{head} {json.dumps(item, ensure_ascii=False)}"


def _yaml_key(key: str) -> str:
    return (
        key
        if key.replace("_", "").isalpha() and key not in ("y", "n", "on", "off", "yes", "no", "true", "false", "null")
        else json.dumps(key)
    )
