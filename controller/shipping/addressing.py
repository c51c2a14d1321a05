"""Where a parcel goes, as it stands on its label.  Pure; personal data: only ever given to the box that prints it."""

from __future__ import annotations

from controller.customers.addresses import Address

ADDRESS = "order_address"
"""Whose words the box fetches as it prints a label: `order_address:17`, by the id of the order."""

FETCHED = "打印时填入 Filled in as it prints"
"""What stands there for whoever looks at the job."""


def label_text(address: Address) -> str:
    """At most five lines, as they are written on a letter there: name and telephone, place, street; a note is for the courier."""
    who = " ".join(part for part in (address.name, address.phone) if part)
    if address.country == "CN":
        place = "".join(part for part in (address.province, address.city, address.district) if part)
        lines = [who, place, address.street, address.line2, address.postcode]
    else:
        town = " ".join(part for part in (address.postcode, address.city, address.province) if part)
        street = ", ".join(part for part in (address.street, address.line2, address.line3) if part)
        lines = [who, street, town, address.country]
    return "\n".join(line for line in lines if line)
