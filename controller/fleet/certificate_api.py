"""Certificates of boxes over HTTP, and revocation."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from controller.fleet import certificates, queries
from controller.fleet.certificates import CertificateView
from controller.fleet.views import BoxView
from controller.http.routing import Call, Created, Page, Permission, Route, page

Serial = Annotated[str, Meta(pattern=r"^[0-9a-f]{1,40}$")]


class RegisterCertificate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`certificate` in PEM; its common name is the box's id.  Of its key nothing is told."""

    certificate: Annotated[str, Meta(min_length=1, max_length=10_000)]


class RevokeBox(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `serial`: the box with all its certificates."""

    serial: Serial | None = None


async def register(call: Call[RegisterCertificate]) -> Created[CertificateView]:
    box = await queries.box(call.path["id"], sites=call.actor.sites)
    view = await certificates.register_certificate(box.id, call.body.certificate)
    return Created(view, location=f"/api/v1/boxes/{box.id}/certificates")


async def listing(call: Call[None]) -> Page[CertificateView]:
    box = await queries.box(call.path["id"], sites=call.actor.sites)
    rows = [each for each in await certificates.certificates(box.id) if call.page.after is None or each.serial > call.page.after]
    return page(sorted(rows, key=lambda each: each.serial)[: call.page.limit], call.page, key=lambda each: each.serial)


async def revoke(call: Call[RevokeBox]) -> BoxView:
    box = await queries.box(call.path["id"], sites=call.actor.sites)
    await certificates.revoke(box.id, call.body.serial)
    return await queries.box(box.id)


_EXAMPLE = RegisterCertificate(certificate="-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n")

ROUTES = [
    Route(
        "GET",
        "/api/v1/boxes/{id}/certificates",
        listing,
        permission=Permission.FLEET_READ,
        reply=Page[CertificateView],
        summary="List a box's certificates",
    ),
    Route(
        "POST",
        "/api/v1/boxes/{id}/certificates",
        register,
        permission=Permission.FLEET_WRITE,
        body=RegisterCertificate,
        reply=CertificateView,
        summary="Let a box in with a certificate",
        example=_EXAMPLE,
    ),
    Route(
        "POST",
        "/api/v1/boxes/{id}/revoke",
        revoke,
        permission=Permission.FLEET_WRITE,
        body=RevokeBox,
        reply=BoxView,
        summary="Take back a box with all its certificates, or one of them",
        example=RevokeBox(),
    ),
]
