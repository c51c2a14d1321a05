"""The routes of shipping."""

from __future__ import annotations

from datetime import UTC, datetime

from controller.http.routing import Page, Permission, Route
from controller.shipping import api, carrier_api
from controller.shipping.carriers import Kind
from controller.shipping.choosing import Goal

ONE, CARRIER = "/api/v1/shipments/{no}", "/api/v1/carriers/{carrier}"
READ, WRITE, MANAGE = Permission.FULFILMENT_READ, Permission.FULFILMENT_WRITE, Permission.SHIPPING_MANAGE
ROUTES = [
    Route(
        "GET",
        "/api/v1/shipments",
        api.list_shipments,
        permission=READ,
        reply=Page[api.ShipmentView],
        summary="List shipments, the newest first",
        filters={
            "state": "only those in this state",
            "site": "only those of this site",
            "q": "the beginning of a tracking number, a parcel's or an order's number",
        },
    ),
    Route(
        "GET",
        ONE,
        api.show,
        permission=READ,
        reply=api.ShipmentDetail,
        summary="One shipment: its label, why this service, and what its carrier told",
    ),
    Route(
        "POST",
        f"{ONE}/service",
        api.choose,
        permission=WRITE,
        body=api.ChooseService,
        reply=api.ShipmentDetail,
        summary="Choose by hand who carries a shipment, while it has no label",
        example=api.ChooseService(carrier="fast", service="standard", reason="the customer asked"),
    ),
    Route(
        "POST",
        f"{ONE}/settle",
        api.settle,
        permission=WRITE,
        body=api.Settle,
        reply=api.ShipmentDetail,
        summary="Say what a carrier did of which nobody heard: this label, or none",
        example=api.Settle(tracking_no="TN00000001", reason="they told me on the telephone"),
    ),
    Route(
        "POST",
        f"{ONE}/void",
        api.void,
        permission=WRITE,
        body=api.GiveUp,
        reply=api.ShipmentDetail,
        summary="Give a shipment up before its carrier has it: its label is given back",
        example=api.GiveUp(reason="damaged while packing"),
    ),
    Route(
        "POST",
        f"{ONE}/print",
        api.print_again,
        permission=WRITE,
        reply=api.ShipmentView,
        summary="Print a shipment's label once more, marked COPY",
    ),
    Route(
        "GET",
        "/api/v1/manifests",
        api.list_manifests,
        permission=READ,
        reply=Page[api.ManifestView],
        summary="List what carriers take away, the newest first",
    ),
    Route(
        "POST",
        "/api/v1/manifests/{no}/close",
        api.close_manifest,
        permission=WRITE,
        reply=api.ManifestView,
        summary="Close a list: the driver has gone, what is still here goes onto the next one",
    ),
    Route(
        "GET",
        "/api/v1/carriers",
        carrier_api.list_carriers,
        permission=READ,
        reply=Page[carrier_api.CarrierView],
        summary="List carriers",
    ),
    Route(
        "PUT",
        CARRIER,
        carrier_api.set_carrier,
        permission=MANAGE,
        body=carrier_api.SetCarrier,
        reply=carrier_api.CarrierView,
        summary="Add or change a carrier",
        example=carrier_api.SetCarrier(name_en="Fast", name_zh="快运", kind=Kind.MANUAL, reason="contract"),
        whole_chain=True,
    ),
    Route(
        "POST",
        f"{CARRIER}/events",
        api.tell,
        permission=Permission.SHIPPING_TELL,
        body=api.TellAll,
        reply=api.News,
        summary="Tell where shipments are, in any order and any number of times: for carriers",
        example=api.TellAll(
            events=[
                api.Tell(tracking_no="TN00000001", at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC), code="in_transit", place="Hub")
            ]
        ),
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/carrier-services",
        carrier_api.list_services,
        permission=READ,
        reply=Page[carrier_api.ServiceView],
        summary="List what carriers offer",
    ),
    Route(
        "PUT",
        f"{CARRIER}/services/{{service}}",
        carrier_api.set_service,
        permission=MANAGE,
        body=carrier_api.SetService,
        reply=carrier_api.ServiceView,
        summary="Add or change a service of a carrier, everywhere or for one zone",
        example=carrier_api.SetService(name_en="Standard", name_zh="标准", first_minor=1000, days=3, reason="price list"),
        whole_chain=True,
    ),
    Route(
        "GET",
        "/api/v1/shipping-rules",
        carrier_api.list_rules,
        permission=READ,
        reply=Page[carrier_api.RuleView],
        summary="List the rules by which services are chosen, in their order",
    ),
    Route(
        "PUT",
        "/api/v1/shipping-rules/{position}",
        carrier_api.set_rule,
        permission=MANAGE,
        body=carrier_api.SetRule,
        reply=carrier_api.RuleView,
        summary="Set or remove the rule at a position; the first that fits a parcel decides",
        example=carrier_api.SetRule(goal=Goal.FASTEST, min_value_minor=100_000, reason="dear goods travel fast"),
        whole_chain=True,
    ),
    Route(
        "PUT",
        "/api/v1/skus/{sku}/shipping",
        carrier_api.set_trait,
        permission=MANAGE,
        body=carrier_api.SetTrait,
        reply=carrier_api.TraitSet,
        summary="Set what carriers must know of a SKU",
        example=carrier_api.SetTrait(dangerous=True, cold=False, reason="lithium battery"),
        whole_chain=True,
    ),
]
