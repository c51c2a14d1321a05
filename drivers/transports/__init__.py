"""Byte pipes to devices, one file per kind of line.  `drivers.transports.opening` opens one by its address."""
