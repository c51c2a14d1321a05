"""Answers as text for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_agent.device_tools.request import Item


def shown(verb: str, item: Item) -> str:
    """One item of an answer."""
    match verb:
        case "suggest" if "toml" in item:
            return f"# {item['identity']} at port {item['port']}: {item['why']}\n{item['toml']}"
        case "list" if "device" in item:
            return _device(item)
        case "list" if "toml" in item:
            return _candidate(item)
        case "listen" | "read-weight":
            return _event(item)
        case "show":
            return f"shown: {' / '.join(_texts(item.get('shown')))}"
        case "confirm":
            return f"confirmed: {item.get('confirmed')}"
        case _:
            return str(item.get("message") or item.get("note") or dict(item))


def _device(item: Item) -> str:
    lines = [f"{item['device']:<16} {item['state']:<10} {item['kind']:<16} {item['model']:<16} {item['address']}"]
    faults = item.get("faults")
    if isinstance(faults, Sequence):
        lines += [f"    {each['message']}" for each in faults if isinstance(each, Mapping)]
    if item.get("identity"):
        where = f" at port {item['port']}" if item.get("port") else ""
        lines.append(f"    is {item['identity']}{where}")
    if item.get("other"):
        lines.append(f"    but {item['other']} stands there now: shelfwire-agent devices confirm {item['device']}")
    if item.get("learned"):
        lines.append(f"    learned from a symbol: {item['learned']}")
    return "\n".join(lines)


def _candidate(item: Item) -> str:
    models = _texts(item.get("models"))
    suggestion = f"suggested: {' or '.join(models)}" if models else "no suggestion"
    return f"not configured   {item['identity']} at port {item['port']}\n    {item['address']}\n    {suggestion}: {item['why']}"


def _event(item: Item) -> str:
    match item.get("event"):
        case "scan":
            more = [f"AIM {item['aim']}"] if item.get("aim") else []
            more += [f"GTIN {item['gtin']}"] if item.get("gtin") else []
            more += ["ambiguous"] if item.get("is_ambiguous") else []
            return f"scan     {item['text']!r}" + (f"  ({', '.join(more)})" if more else "")
        case "weight":
            how = "stable" if item.get("stable") else "in motion"
            how += ", net" if item.get("net") else ""
            how += "" if item.get("legal") else ", not to be booked"
            return f"weight   {item['grams']} g ({how})"
        case "state":
            return f"state    {item['state']}" + "".join(f"\n    {each}" for each in _texts(item.get("faults")))
        case "drawer":
            return f"drawer   {'open' if item.get('open') else 'closed'}"
        case _:
            return f"refused  {item.get('message')}"


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else []
