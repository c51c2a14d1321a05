"""What can go wrong in provisioning; each message says what happened and what to do.

ProvisioningError
├── NoAuthority        there is no CA in the folder, or its key cannot be opened
├── AlreadyThere       something else stands where this would be written
├── UnknownName        nothing was issued under this name
├── BadName            a name that no certificate may carry
└── NotTold            the broker or the controller could not be told
"""

from __future__ import annotations

from typing import ClassVar


class ProvisioningError(Exception):
    """The base; `code` is stable."""

    code: ClassVar[str] = "provisioning_error"


class NoAuthority(ProvisioningError):
    code = "no_authority"


class AlreadyThere(ProvisioningError):
    code = "already_there"


class UnknownName(ProvisioningError):
    code = "unknown_name"


class BadName(ProvisioningError):
    code = "bad_name"


class NotTold(ProvisioningError):
    code = "not_told"
