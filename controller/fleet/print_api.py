"""Print jobs over HTTP: asked for, shown by job and by printer, and what people decide about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from controller.fleet import operations, queries, queue_operations
from controller.fleet.operations import PrintOrder, Resolution
from controller.fleet.print_queues import print_queues
from controller.fleet.views import PrintJobView, PrintQueueView
from controller.http.routing import PLAIN, Call, Created, Page, Permission, Route, page
from edge_agent.wire.messages import Priority, Rank

Id = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")]
Short = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class RequestPrint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`data` fills the template; without `device` it goes to the box's printer of the template's kind."""

    box: Id
    device: Id | None = None
    template: Short
    data: dict[str, str | int | list[dict[str, str | int]]]
    document: Short | None = None
    copies: Annotated[int, Meta(ge=1, le=100)] = 1
    test: bool = False
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None
    priority: Rank = Priority.NORMAL.value


class MovePrint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`printer`: another one of the job's box, of the same kind."""

    printer: Id


class PrioritisePrint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From 0 (first) to 9: 1 is urgent, 5 the rule, 9 bulk."""

    priority: Rank


class ResolvePrint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    resolution: Resolution


async def list_jobs(call: Call[None]) -> Page[PrintJobView]:
    rows = await queries.print_jobs(
        state=call.query.get("state"),
        document=call.query.get("document"),
        box_id=call.query.get("box"),
        after=call.page.after,
        limit=call.page.limit,
        sites=call.actor.sites,
    )
    return page(rows, call.page, key=lambda row: row.id)


async def request_print(call: Call[RequestPrint]) -> Created[PrintJobView]:
    body = call.body
    await queries.box(body.box, sites=call.actor.sites)
    job = await operations.request_print(
        PrintOrder(
            box=body.box,
            device=body.device,
            template=body.template,
            data=body.data,
            document=body.document,
            copies=body.copies,
            test=body.test,
            expires_at=body.expires_at,
            priority=body.priority,
        )
    )
    return Created(await queries.print_job(job), location=f"/api/v1/print-jobs/{job}")


async def show_job(call: Call[None]) -> PrintJobView:
    return await queries.print_job(call.path["id"], sites=call.actor.sites)


async def cancel_job(call: Call[None]) -> PrintJobView:
    job = await queries.print_job(call.path["id"], sites=call.actor.sites)
    await operations.cancel_print(job.id)
    return await queries.print_job(job.id)


async def list_queues(call: Call[None]) -> Page[PrintQueueView]:
    rows = await print_queues(after=call.page.after or "", limit=call.page.limit, sites=call.actor.sites)
    return page(rows, call.page, key=lambda row: f"{row.box}/{row.printer}")


async def move_job(call: Call[MovePrint]) -> PrintJobView:
    job = await queries.print_job(call.path["id"], sites=call.actor.sites)
    await queue_operations.move_print(job.id, call.body.printer)
    return await queries.print_job(job.id)


async def prioritise_job(call: Call[PrioritisePrint]) -> PrintJobView:
    job = await queries.print_job(call.path["id"], sites=call.actor.sites)
    await queue_operations.prioritise_print(job.id, call.body.priority)
    return await queries.print_job(job.id)


async def reprint_job(call: Call[None]) -> Created[PrintJobView]:
    job = await queries.print_job(call.path["id"], sites=call.actor.sites)
    again = await queue_operations.reprint(job.id)
    return Created(await queries.print_job(again), location=f"/api/v1/print-jobs/{again}")


async def resolve_job(call: Call[ResolvePrint]) -> PrintJobView:
    job = await queries.print_job(call.path["id"], sites=call.actor.sites)
    await operations.resolve_print(job.id, call.body.resolution)
    return await queries.print_job(job.id)


READ, WRITE = Permission.PRINTS_READ, Permission.PRINTS_WRITE
_LABEL = RequestPrint(box="box-1", template="shelf-label", data={"name": "苹果 Apple", "price": "¥12.90"})

ROUTES = [
    Route(
        "GET",
        "/api/v1/print-jobs",
        list_jobs,
        permission=READ,
        reply=Page[PrintJobView],
        summary="List print jobs, the newest first",
        filters={
            "state": "only jobs in this state",
            "document": "only those of this document (an order's number)",
            "box": "only those of this box",
        },
    ),
    Route(
        "GET",
        "/api/v1/print-queues",
        list_queues,
        permission=READ,
        reply=Page[PrintQueueView],
        summary="List the printers with open jobs: how many wait, since when, and why",
    ),
    Route(
        "POST",
        "/api/v1/print-jobs",
        request_print,
        permission=WRITE,
        body=RequestPrint,
        reply=PrintJobView,
        summary="Print a template on a box",
        example=_LABEL,
    ),
    Route("GET", "/api/v1/print-jobs/{id}", show_job, permission=READ, reply=PrintJobView, summary="One print job"),
    Route(
        "POST",
        "/api/v1/print-jobs/{id}/cancel",
        cancel_job,
        permission=WRITE,
        reply=PrintJobView,
        summary="Ask the box not to print a job",
    ),
    Route(
        "POST",
        "/api/v1/print-jobs/{id}/move",
        move_job,
        permission=WRITE,
        body=MovePrint,
        reply=PrintJobView,
        summary="Send a job that waits to another printer of its box",
        example=MovePrint(printer="labels-2"),
    ),
    Route(
        "POST",
        "/api/v1/print-jobs/{id}/priority",
        prioritise_job,
        permission=WRITE,
        body=PrioritisePrint,
        reply=PrintJobView,
        summary="Let a job that waits come sooner or later",
        example=PrioritisePrint(priority=1),
    ),
    Route(
        "POST",
        "/api/v1/print-jobs/{id}/reprint",
        reprint_job,
        permission=WRITE,
        reply=PrintJobView,
        summary="Print again what was printed, marked COPY",
    ),
    Route(
        "POST",
        "/api/v1/print-jobs/{id}/resolve",
        resolve_job,
        permission=WRITE,
        body=ResolvePrint,
        reply=PrintJobView,
        summary="Say whether an uncertain job came out of the printer, or have it printed again",
        example=ResolvePrint(resolution=Resolution.PRINTED),
    ),
]
