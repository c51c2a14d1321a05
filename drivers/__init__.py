"""Device drivers: one file per protocol.  Importing this package loads no driver; see `drivers.registry`."""
