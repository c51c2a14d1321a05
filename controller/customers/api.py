"""Customers over HTTP: masked unless somebody asks to see one, which is recorded.  What is sealed is searched whole, by POST.

No telephone number stands in an address, where logs and histories of browsers would keep it; bodies and answers with personal data
are `confidential`, so that neither they nor their hashes lie with the Idempotency-Key.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from controller.customers import home, merging, operations, queries
from controller.customers.addresses import Address
from controller.customers.errors import BadCustomer
from controller.customers.numbers import CUSTOMERS
from controller.customers.operations import Change
from controller.customers.policies import MergeReason, Preferences, Profile
from controller.customers.queries import MaskedPerson, StoredCustomer
from controller.http.routing import PLAIN, BadParameter, Call, Created, Page, Permission, Route, page

Text = Annotated[str, Meta(max_length=200, pattern=PLAIN)]
Letter = Annotated[str, Meta(pattern=r"^[A-Z]$")]
Language = Annotated[str, Meta(pattern=r"^(en|zh-CN)$")]
Code = Annotated[str, Meta(max_length=40, pattern=r"^[A-Za-z0-9_.-]*$")]
CustomerNo = Annotated[str, Meta(pattern=r"^CU-[0-9]{1,12}$")]
ONE = "/api/v1/customers/{customer}"


class CustomerLikes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What they like, by codes of the company's own; `marketing`: they agreed to be written to."""

    delivery: Code = ""
    payment: Code = ""
    contact_by: Code = ""
    marketing: bool = False


class CustomerPerson(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who it is; something to know them by is needed.  The first of `addresses` is used by default."""

    name: Text = ""
    phone: Text = ""
    email: Text = ""
    company: Text = ""
    birthday: date | None = None
    addresses: Annotated[list[Address], Meta(max_length=20)] = []


class PutCustomer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record as it is to be; `version` as it was read, for a change."""

    person: CustomerPerson
    preferences: CustomerLikes = CustomerLikes()
    language: Language | None = None
    version: Annotated[int, Meta(ge=1, le=10**9)] | None = None


class CustomerRating(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A letter from A on, or null; rules of review ask for both."""

    grade: Letter | None
    credit: Letter | None


class NewCustomerNote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=2000)]


class CustomerSearch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole telephone number, e-mail address, name, or number (`CU-…`): what is sealed is found by nothing less."""

    q: Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]


class MergeCustomers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`other` turned out to be this one."""

    other: CustomerNo
    reason: MergeReason


class CustomersApart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    other: CustomerNo


class CustomerView(Struct, frozen=True, kw_only=True):
    """`person` is masked; null: erased, or its key is not here.  `missing`: what a complete record has besides."""

    no: str
    state: str
    merged_into: str | None
    person: MaskedPerson | None
    language: str | None
    grade: str | None
    credit: str | None
    preferences: Preferences
    completeness: int
    missing: list[str]
    version: int
    created_at: datetime
    changed_at: datetime
    erasure_asked_at: datetime | None


class CustomerNoteView(Struct, frozen=True, kw_only=True):
    id: str
    text: str
    made_at: datetime
    made_by: str


class CustomerInClear(Struct, frozen=True, kw_only=True):
    """In clear; that somebody looked is recorded."""

    no: str
    person: Profile
    notes: list[CustomerNoteView]


class CustomersFound(Struct, frozen=True, kw_only=True):
    customers: list[CustomerView]


class DoubleView(Struct, frozen=True, kw_only=True):
    """Two who share `kinds`: one person, perhaps."""

    one: str
    other: str
    kinds: list[str]


class CustomerMergeView(Struct, frozen=True, kw_only=True):
    id: str


class CompletenessView(Struct, frozen=True, kw_only=True):
    """`percent` on average; `missing`: how many records lack each field."""

    customers: int
    percent: int
    missing: dict[str, int]


def view(customer: StoredCustomer) -> CustomerView:
    told = ("no", "state", "person", "language", "grade", "credit", "preferences", "completeness", "version", "created_at")
    into = customer.merged_into
    return CustomerView(
        merged_into=None if into is None else CUSTOMERS.number(into),
        missing=[field.value for field in customer.missing],
        changed_at=customer.changed_at,
        erasure_asked_at=customer.erasure_asked_at,
        **{name: getattr(customer, name) for name in told},
    )


def customer_id(call: Call[Any]) -> int:
    """Raises NotFound."""
    return CUSTOMERS.row_id(call.path["customer"])


async def listing(call: Call[None]) -> Page[CustomerView]:
    rows = await queries.customers(before=call.page.number() or None, limit=call.page.limit)
    shown = page(rows, call.page, key=lambda row: row.id)
    return Page(items=[view(row) for row in shown.items], next=shown.next)


async def search(call: Call[CustomerSearch]) -> CustomersFound:
    return CustomersFound(customers=[view(row) for row in await queries.found(call.body.q, country=home.country())])


async def add(call: Call[PutCustomer]) -> Created[CustomerView]:
    wanted = call.body
    added = await operations.add_customer(
        _profile(wanted.person), _preferences(wanted.preferences), country=home.country(), language=wanted.language
    )
    number = CUSTOMERS.number(added)
    return Created(view(await queries.customer(added)), location=f"/api/v1/customers/{number}")


async def one(call: Call[None]) -> CustomerView:
    return view(await queries.customer(customer_id(call)))


async def change(call: Call[PutCustomer]) -> CustomerView:
    wanted, number = call.body, customer_id(call)
    if wanted.version is None:
        raise BadCustomer("version", "the version that was read")
    change = Change(
        version=wanted.version,
        profile=_profile(wanted.person),
        preferences=_preferences(wanted.preferences),
        language=wanted.language,
        country=home.country(),
    )
    await operations.change_customer(number, change)
    return view(await queries.customer(number))


async def rate(call: Call[CustomerRating]) -> CustomerView:
    await operations.rate(customer_id(call), grade=call.body.grade, credit=call.body.credit)
    return view(await queries.customer(customer_id(call)))


async def note(call: Call[NewCustomerNote]) -> None:
    await operations.add_note(customer_id(call), call.body.text)


async def doubles(call: Call[None]) -> Page[DoubleView]:
    rows = await merging.suggestions(after=_pair(call.page.after), limit=call.page.limit)
    shown = page(rows, call.page, key=lambda row: f"{row.one}-{row.other}")
    views = [
        DoubleView(one=CUSTOMERS.number(row.one), other=CUSTOMERS.number(row.other), kinds=[kind.value for kind in row.kinds])
        for row in shown.items
    ]
    return Page(items=views, next=shown.next)


def _pair(after: str | None) -> tuple[int, int]:
    """Raises BadParameter."""
    one, _, other = (after or "0-0").partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in (one, other)):
        raise BadParameter("after", "a cursor as an earlier page gave it")
    return int(one), int(other)


async def merge(call: Call[MergeCustomers]) -> CustomerMergeView:
    return CustomerMergeView(id=await merging.merge(customer_id(call), CUSTOMERS.row_id(call.body.other), call.body.reason))


async def undo(call: Call[None]) -> None:
    await merging.undo(call.path["merge"])


async def apart(call: Call[CustomersApart]) -> None:
    await merging.tell_apart(customer_id(call), CUSTOMERS.row_id(call.body.other))


async def complete(_: Call[None]) -> CompletenessView:
    found = await queries.how_complete()
    missing = {field.value: count for field, count in found.missing.items()}
    return CompletenessView(customers=found.customers, percent=found.percent, missing=missing)


def _profile(person: CustomerPerson) -> Profile:
    return Profile(
        name=person.name.strip(),
        phone=person.phone.strip(),
        email=person.email.strip(),
        company=person.company.strip(),
        birthday=person.birthday,
        addresses=tuple(person.addresses),
    )


def _preferences(likes: CustomerLikes) -> Preferences:
    return Preferences(delivery=likes.delivery, payment=likes.payment, contact_by=likes.contact_by, marketing=likes.marketing)


_ZHANG = CustomerPerson(name="张三", phone="138 0013 8000", email="zhang@example.com")
_EXAMPLE = PutCustomer(person=_ZHANG, preferences=CustomerLikes(delivery="home"), language="zh-CN")
_CHANGED = PutCustomer(
    person=CustomerPerson(name="张三", phone="138 0013 8000"), preferences=CustomerLikes(delivery="locker"), version=1
)
_may = Permission

ROUTES = [
    Route(
        "GET",
        "/api/v1/customers",
        listing,
        permission=_may.CUSTOMERS_READ,
        reply=Page[CustomerView],
        summary="List customers, masked, the newest first",
        whole_chain=True,
    ),
    Route(
        "POST",
        "/api/v1/customers",
        add,
        permission=_may.CUSTOMERS_WRITE,
        body=PutCustomer,
        reply=CustomerView,
        summary="Add a customer",
        example=_EXAMPLE,
        confidential=True,
    ),
    Route(
        "POST",
        "/api/v1/customers/search",
        search,
        permission=_may.CUSTOMERS_FIND,
        body=CustomerSearch,
        reply=CustomersFound,
        summary="Find customers by a whole telephone number, e-mail address, name or number",
        example=CustomerSearch(q="+86 138 0013 8000"),
        confidential=True,
    ),
    Route("GET", ONE, one, permission=_may.CUSTOMERS_READ, reply=CustomerView, summary="A customer, masked"),
    Route(
        "PUT",
        ONE,
        change,
        permission=_may.CUSTOMERS_WRITE,
        body=PutCustomer,
        reply=CustomerView,
        summary="Change a customer's record",
        example=_CHANGED,
        confidential=True,
    ),
    Route(
        "PUT",
        f"{ONE}/rating",
        rate,
        permission=_may.CUSTOMERS_WRITE,
        body=CustomerRating,
        reply=CustomerView,
        summary="Set a customer's grade and credit rating",
        example=CustomerRating(grade="A", credit=None),
    ),
    Route(
        "POST",
        f"{ONE}/notes",
        note,
        permission=_may.CUSTOMERS_WRITE,
        body=NewCustomerNote,
        summary="Note something about a customer",
        example=NewCustomerNote(text="Rings at the back door."),
        confidential=True,
    ),
    Route(
        "GET",
        "/api/v1/customer-doubles",
        doubles,
        permission=_may.CUSTOMERS_READ,
        reply=Page[DoubleView],
        summary="List pairs of customers who may be one person",
        whole_chain=True,
    ),
    Route(
        "POST",
        f"{ONE}/merge",
        merge,
        permission=_may.CUSTOMERS_WRITE,
        body=MergeCustomers,
        reply=CustomerMergeView,
        summary="Merge another record into this customer",
        example=MergeCustomers(other="CU-100002", reason=MergeReason.SAME_PHONE),
    ),
    Route(
        "POST",
        f"{ONE}/apart",
        apart,
        permission=_may.CUSTOMERS_WRITE,
        body=CustomersApart,
        summary="Say that two customers who share something are two",
        example=CustomersApart(other="CU-100002"),
    ),
    Route("POST", "/api/v1/customer-merges/{merge}/undo", undo, permission=_may.CUSTOMERS_WRITE, summary="Take a merge back"),
    Route(
        "GET",
        "/api/v1/customer-completeness",
        complete,
        permission=_may.CUSTOMERS_READ,
        reply=CompletenessView,
        summary="How complete the records of customers are",
        whole_chain=True,
    ),
]
