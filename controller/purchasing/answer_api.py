"""What suppliers answer to purchase orders, over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

from msgspec import Struct

from controller.http.routing import Call, Permission, Route, number
from controller.purchasing import answers, queries
from controller.purchasing.answers import Answered, AnsweredLine
from controller.purchasing.order_api import ONE, visible
from controller.purchasing.order_views import AnswerView, answer_view, order_view
from controller.purchasing.queries import PurchaseOrderView


class TakenAnswer(Struct, frozen=True, kw_only=True):
    order: str
    answer: AnswerView


class TakenAnswers(Struct, frozen=True, kw_only=True):
    items: list[TakenAnswer]


async def confirm(call: Call[Answered]) -> AnswerView:
    return answer_view(await answers.take((await visible(call)).no, call.body, source="api"))


async def confirm_csv(call: Call[bytes]) -> TakenAnswers:
    found = []
    for no, told in answers.read_csv(call.body).items():
        await queries.order(no, sites=call.actor.sites)
        found.append(TakenAnswer(order=no, answer=answer_view(await answers.take(no, told, source="csv"))))
    return TakenAnswers(items=found)


async def accept(call: Call[None]) -> PurchaseOrderView:
    return await _decided(call, answers.accept)


async def refuse(call: Call[None]) -> PurchaseOrderView:
    return await _decided(call, answers.refuse)


async def _decided(call: Call[None], verb: Callable[[str, int], Awaitable[None]]) -> PurchaseOrderView:
    row = await visible(call)
    await verb(row.no, number(call.path["answer"], "answer"))
    return order_view(await queries.order(row.no))


WRITE = Permission.PURCHASING_WRITE
_ANSWER = Answered(reference="AB-77", lines=[AnsweredLine(position=1, packs=8, expected_on=date(2026, 11, 26))])
ROUTES = [
    Route(
        "POST",
        f"{ONE}/confirmations",
        confirm,
        permission=WRITE,
        body=Answered,
        reply=AnswerView,
        summary="Take in a supplier's answer: as ordered it holds, otherwise it waits for a person",
        example=_ANSWER,
    ),
    Route(
        "POST",
        "/api/v1/purchase-confirmations",
        confirm_csv,
        permission=WRITE,
        body=bytes,
        accepts="text/csv",
        whole_chain=True,
        reply=TakenAnswers,
        summary="Take in answers to many orders by a CSV with order, position and what differs",
        example="order,position,packs,price_minor,expected_on,reference\nPO-100001,1,8,,2026-11-26,AB-77\n",
    ),
    Route(
        "POST", f"{ONE}/answers/{{answer}}/accept", accept, permission=WRITE, reply=PurchaseOrderView, summary="Accept an answer"
    ),
    Route(
        "POST", f"{ONE}/answers/{{answer}}/refuse", refuse, permission=WRITE, reply=PurchaseOrderView, summary="Refuse an answer"
    ),
]
