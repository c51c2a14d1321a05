"""Makes what the device tests need, before pytest is silent about it: `python -m tests.device`."""

from __future__ import annotations

import sys

from tests.device.rig import NoRig, load_rig, rig_folder

try:
    rig_folder()
    print("Making the rig ready (1 to 2 minutes the first time) …", flush=True)
    load_rig()
except NoRig as error:
    sys.exit(str(error))
