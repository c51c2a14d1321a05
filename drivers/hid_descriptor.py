"""What a USB HID device says of its reports: where in which report which value is.

Source: USB HID 1.11 (Device Class Definition for Human Interface Devices), sections 6.2.2.2 to 6.2.2.9 (items) and 8.4 (arrays).

    found = parse_descriptor(reports.descriptor)
    status = found.find(ReportKind.INPUT, usage(0x8D, 0x70))      # fields, in the descriptor's order
    status[0].report_id, status[0].values(report)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drivers.errors import ProtocolViolation

_LONG_ITEM = 0xFE
_SIZES = (0, 1, 2, 4)
_MAIN, _GLOBAL, _LOCAL = 0, 1, 2
_COLLECTION, _END_COLLECTION = 10, 12
_USAGE_PAGE, _LOGICAL_MIN, _LOGICAL_MAX, _EXPONENT, _UNIT, _SIZE, _REPORT_ID, _COUNT, _PUSH, _POP = 0, 1, 2, 5, 6, 7, 8, 9, 10, 11
_USAGE, _USAGE_MIN, _USAGE_MAX, _DELIMITER = 0, 1, 2, 10
_CONSTANT, _VARIABLE, _RELATIVE = 1, 2, 4
_MOST_USAGES = 12_288  # as in Linux (HID_MAX_USAGES)
_MOST_BITS = 16_384 * 8  # as in Linux (HID_MAX_BUFFER_SIZE)
_MOST_DEPTH = 64


class ReportKind(StrEnum):
    """Which way a report goes: device to host, host to device, either on the control pipe."""

    INPUT = "input"
    OUTPUT = "output"
    FEATURE = "feature"


_KINDS = {8: ReportKind.INPUT, 9: ReportKind.OUTPUT, 11: ReportKind.FEATURE}


def usage(page: int, number: int) -> int:
    """A usage as one number, the page in its upper 16 bits."""
    return page << 16 | number


@dataclass(frozen=True, slots=True)
class Field:
    """`count` values of `bit_size` bits each, one after the other from `bit_offset` on (bit 0: the first after the report id).

    A variable field has one usage for each value (the last counts for all that follow it).  An array's value is a choice: the index
    of one of its `usages`, counted from `logical_min` (`chosen`).  `collections`: the usages it lies in, outermost first.
    """

    kind: ReportKind
    report_id: int
    usages: tuple[int, ...]
    bit_offset: int
    bit_size: int
    count: int
    is_constant: bool
    is_array: bool
    is_relative: bool
    logical_min: int
    logical_max: int
    unit: int
    unit_exponent: int
    collections: tuple[int, ...]

    def values(self, report: bytes) -> tuple[int, ...]:
        """Its values in a report (id first), signed if `logical_min` is negative; only those that are whole in a short report."""
        bits = int.from_bytes(report[1:], "little")
        there = (len(report) - 1) * 8 - self.bit_offset
        return tuple(self._one(bits, index) for index in range(min(self.count, max(0, there) // self.bit_size)))

    def value_of(self, report: bytes, wanted: int) -> int | None:
        """The value of one usage in a report, None if the report is too short for it.  For variable fields."""
        index = self.usages.index(wanted)
        found = self.values(report)
        return found[index] if index < len(found) else None

    def chosen(self, report: bytes) -> tuple[int, ...]:
        """The usages that an array names in a report; values out of its range name none (section 6.2.2.5)."""
        indices = (value - self.logical_min for value in self.values(report))
        return tuple(self.usages[index] for index in indices if 0 <= index < len(self.usages))

    def usage_at(self, index: int) -> int:
        """The usage of the value at `index` of a variable field, 0 if it has none."""
        return self.usages[min(index, len(self.usages) - 1)] if self.usages else 0

    def _one(self, bits: int, index: int) -> int:
        value = bits >> (self.bit_offset + index * self.bit_size) & ((1 << self.bit_size) - 1)
        is_negative = self.logical_min < 0 and value >> (self.bit_size - 1)
        return value - (1 << self.bit_size) if is_negative else value


@dataclass(frozen=True, slots=True)
class ReportDescriptor:
    """All fields, in the descriptor's order, and the usages of its top level collections."""

    fields: tuple[Field, ...]
    applications: tuple[int, ...]
    has_ids: bool

    def find(self, kind: ReportKind, wanted: int) -> tuple[Field, ...]:
        """The fields of one kind that hold a usage themselves, or lie in a collection of that usage; constants never."""
        return tuple(
            each
            for each in self.fields
            if each.kind is kind and not each.is_constant and (wanted in each.usages or wanted in each.collections)
        )

    def size_of(self, kind: ReportKind, report_id: int) -> int:
        """The length of a report in bytes, with its id in front; 1 if it has no fields."""
        ends = (f.bit_offset + f.bit_size * f.count for f in self.fields if f.kind is kind and f.report_id == report_id)
        return 1 + (max(ends, default=0) + 7) // 8

    def compose(self, kind: ReportKind, report_id: int, values: Mapping[int, int]) -> bytes:
        """A report, id first, in which these usages of variable fields have these values, and all else is 0.

        An array whose `usages` hold one of them names it.  Raises ProtocolViolation if the report has no such usage.
        """
        bits = 0
        missing = dict(values)
        for each in self.fields:
            if each.kind is not kind or each.report_id != report_id or each.is_constant:
                continue
            for wanted in [wanted for wanted in missing if wanted in each.usages[: None if each.is_array else each.count]]:
                at = each.usages.index(wanted)
                value = at + each.logical_min if each.is_array else missing[wanted]
                place = each.bit_offset + (0 if each.is_array else at * each.bit_size)
                bits |= (value & ((1 << each.bit_size) - 1)) << place
                del missing[wanted]
        if missing:
            raise ProtocolViolation(f"{kind.value} report {report_id} has no usage {', '.join(f'{each:08X}' for each in missing)}")
        return bytes([report_id]) + bits.to_bytes(self.size_of(kind, report_id) - 1, "little")


_GLOBAL_NAMES = {
    _USAGE_PAGE: "page",
    _LOGICAL_MIN: "logical_min",
    _LOGICAL_MAX: "logical_max",
    _EXPONENT: "exponent",
    _UNIT: "unit",
    _SIZE: "size",
    _REPORT_ID: "report_id",
    _COUNT: "count",
}
_SIGNED = frozenset({_LOGICAL_MIN, _LOGICAL_MAX})


@dataclass(slots=True)
class _State:
    """Where in a descriptor the parser is."""

    said: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(_GLOBAL_NAMES.values(), 0)
    )  # stay until said again (6.2.2.7)
    stack: list[dict[str, int]] = field(default_factory=list)
    collections: list[int] = field(default_factory=list)
    usages: list[tuple[int, bool]] = field(default_factory=list)  # and whether it names its own page
    range_from: tuple[int, bool] | None = None
    in_alternatives: int = 0  # inside a delimiter: 1 before, 2 after its first, preferred usage
    filled: dict[tuple[ReportKind, int], int] = field(default_factory=dict)
    fields: list[Field] = field(default_factory=list)
    applications: list[int] = field(default_factory=list)

    def forget_locals(self) -> None:
        self.usages = []
        self.range_from = None

    def take_usages(self) -> tuple[int, ...]:
        """Usages take the page that is said last before their main item, unless they name one (section 6.2.2.8)."""
        return tuple(number if is_whole else usage(self.said["page"], number) for number, is_whole in self.usages)


def parse_descriptor(descriptor: bytes) -> ReportDescriptor:
    """Read a report descriptor.  Raises ProtocolViolation: cut off, contradicting itself, or with reports past all bounds."""
    state = _State()
    for kind, tag, data in _items(descriptor):
        if kind == _MAIN:
            _take_main(state, tag, int.from_bytes(data, "little"))
        elif kind == _GLOBAL:
            _take_global(state, tag, data)
        elif kind == _LOCAL:
            _take_local(state, tag, data)
    if state.collections:
        raise ProtocolViolation("the HID report descriptor ends inside a collection")
    has_ids = any(kind == _GLOBAL and tag == _REPORT_ID for kind, tag, _ in _items(descriptor))
    return ReportDescriptor(tuple(state.fields), tuple(state.applications), has_ids)


def _items(descriptor: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Type, tag and data of each short item; long items have no meaning yet (section 6.2.2.3)."""
    at = 0
    while at < len(descriptor):
        prefix = descriptor[at]
        size = 1 + _SIZES[prefix & 3]
        if prefix == _LONG_ITEM:
            size = 3 + int.from_bytes(descriptor[at + 1 : at + 2])
        if at + size > len(descriptor):
            raise ProtocolViolation(f"the HID report descriptor ends inside an item at byte {at} of {len(descriptor)}")
        if prefix != _LONG_ITEM:
            yield prefix >> 2 & 3, prefix >> 4, descriptor[at + 1 : at + size]
        at += size


def _take_main(state: _State, tag: int, value: int) -> None:
    if tag == _COLLECTION:
        if len(state.collections) >= _MOST_DEPTH:
            raise ProtocolViolation(f"the HID report descriptor has collections deeper than {_MOST_DEPTH}")
        own = next(iter(state.take_usages()), 0)
        if not state.collections:
            state.applications.append(own)
        state.collections.append(own)
    elif tag == _END_COLLECTION:
        if not state.collections:
            raise ProtocolViolation("the HID report descriptor ends a collection that it did not begin")
        state.collections.pop()
    elif tag in _KINDS:
        _add_field(state, _KINDS[tag], value)
    state.forget_locals()


def _add_field(state: _State, kind: ReportKind, flags: int) -> None:
    said = state.said
    offset = state.filled.get((kind, said["report_id"]), 0)
    end = offset + said["size"] * said["count"]
    if end > _MOST_BITS:
        raise ProtocolViolation(f"the HID report descriptor has a report of {end} bits, expected at most {_MOST_BITS}")
    if end == offset:
        return
    state.filled[kind, said["report_id"]] = end
    state.fields.append(
        Field(
            kind=kind,
            report_id=said["report_id"],
            usages=state.take_usages(),
            bit_offset=offset,
            bit_size=said["size"],
            count=said["count"],
            is_constant=bool(flags & _CONSTANT),
            is_array=not flags & _VARIABLE,
            is_relative=bool(flags & _RELATIVE),
            logical_min=said["logical_min"],
            logical_max=said["logical_max"],
            unit=said["unit"],
            unit_exponent=said["exponent"],
            collections=tuple(state.collections),
        )
    )


def _take_global(state: _State, tag: int, data: bytes) -> None:
    if tag == _PUSH:
        if len(state.stack) >= _MOST_DEPTH:
            raise ProtocolViolation(f"the HID report descriptor pushes more than {_MOST_DEPTH} times")
        state.stack.append(dict(state.said))
    elif tag == _POP:
        if not state.stack:
            raise ProtocolViolation("the HID report descriptor pops what it did not push")
        state.said = state.stack.pop()
    elif tag in _GLOBAL_NAMES:
        value = int.from_bytes(data, "little", signed=tag in _SIGNED)
        if tag == _EXPONENT:  # a nibble in two's complement; some write it as a whole signed byte, with the same low nibble
            value = (value & 0xF) - 16 if value & 8 else value & 0xF
        elif tag == _REPORT_ID and not 1 <= value <= 255:
            raise ProtocolViolation(f"the HID report descriptor has report id {value}, expected 1 to 255")
        state.said[_GLOBAL_NAMES[tag]] = value


def _take_local(state: _State, tag: int, data: bytes) -> None:
    number = int.from_bytes(data, "little")
    said = (number, len(data) == 4)  # a usage of four bytes brings its page
    if tag == _DELIMITER:
        state.in_alternatives = 1 if number else 0
    elif tag == _USAGE and state.in_alternatives <= 1:
        state.usages.append(said)
        state.in_alternatives *= 2
    elif tag == _USAGE_MIN:
        state.range_from = said
    elif tag == _USAGE_MAX and state.range_from is not None:
        first, is_whole = state.range_from
        state.usages += ((each, is_whole) for each in range(first, min(number, first + _MOST_USAGES) + 1))
        state.range_from = None
    if len(state.usages) > _MOST_USAGES:
        raise ProtocolViolation(f"the HID report descriptor has more than {_MOST_USAGES} usages in one field")
