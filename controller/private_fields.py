"""Personal data of a paper, for the box that prints it: opened when it asks, and in no event, message or log.

It stands between fleet, which must not know customers, and the features whose data it is.  A box gets what its own jobs that are
not done yet need, and nothing else.
"""

from __future__ import annotations

from controller.customers.order_addresses import address_of
from controller.errors import NotFound
from controller.fleet.queries import private_of
from controller.http.routing import Call, Permission, Route
from controller.invoices import queries as invoices
from controller.invoices.paper import buyer_text
from controller.invoices.printing import BUYER
from controller.shipping.addressing import ADDRESS, label_text

WHAT = "print job with personal data"


async def fields(call: Call[None]) -> dict[str, str]:
    """By the template's names.  Raises NotFound (not this box's, done, or erased), KeysUnavailable, SealBroken."""
    job = call.path["job"]
    found = await private_of(job)
    is_here = found is not None and (
        call.actor.name == found.box if call.actor.kind == "box" else call.actor.sites is None or found.site in call.actor.sites
    )
    if found is None or not is_here:
        raise NotFound(WHAT, job)
    whose, _, key = found.private.partition(":")
    if whose == ADDRESS:
        return {"ship_to": label_text(await address_of(int(key)))}
    if whose == BUYER:
        return {"buyer": buyer_text(await invoices.buyer_of(await invoices.by_id(int(key))))}
    raise NotFound(WHAT, job)


ROUTES = [
    Route(
        "GET",
        "/box/v1/print-jobs/{job}/private",
        fields,
        permission=Permission.BOX,
        reply=dict[str, str],
        summary="The personal data of a print job of this box, which is not in the job itself",
    ),
]
