"""The other end of the wire: each emulator is a process that speaks a device's real protocol, with faults to switch on."""
