"""The whole API: every feature's routes, in one list."""

from __future__ import annotations

from controller import private_fields
from controller.catalog import api as catalog
from controller.catalog import category_api as categories
from controller.catalog import image_api as images
from controller.counts import api as counts
from controller.counts import planning_api as count_planning
from controller.counts import review_api as count_reviews
from controller.counts import schedule_api as count_schedules
from controller.customers import api as customers
from controller.documents import api as documents
from controller.fleet import api as fleet
from controller.fleet import certificate_api, measured_api, previews, print_api, twin_api
from controller.fulfilment import api as fulfilment
from controller.fulfilment import order_api as order_goods
from controller.http import cost_api, events, money_api, proof_api, stock_api, why_api
from controller.http.routing import Route
from controller.intake import api as intake
from controller.intake import file_api as order_files
from controller.intake import merge_api as order_merges
from controller.invoices import api as invoices
from controller.orders import api as orders
from controller.orders import batch_api as order_batches
from controller.orders import change_api as order_changes
from controller.orders import flag_api as order_flags
from controller.orders import substitute_api as order_substitutes
from controller.orders import tag_api as order_tags
from controller.orders import template_api as order_templates
from controller.orders import total_api as order_totals
from controller.payments import api as payments
from controller.payments import callback_api as payment_callbacks
from controller.people import api as people
from controller.pricing import api as pricing
from controller.profiles import api as profiles
from controller.purchasing import answer_api, order_api, receipt_api, supplier_api
from controller.recalls import api as recall_api
from controller.replenishment import alert_api as stock_alerts
from controller.replenishment import api as proposals
from controller.replenishment import run_api as replenishment
from controller.replica import api as replica
from controller.reports import api as reports
from controller.reports import opening_api
from controller.review import api as reviews
from controller.review import clock_api, rule_api
from controller.sales import api as sales
from controller.sales import import_api as sales_imports
from controller.sales import no_goods_api
from controller.shipping import api as shipping_routes
from controller.sites import api as sites
from controller.sourcing import api as sourcing_routes
from controller.stock import promise_api
from controller.stock import shelf_api as shelves
from controller.tasks import api as tasks
from controller.taxes import api as taxes
from controller.tracking import api as tracking
from controller.tracking import buyer_api
from controller.tracking import screen_api as screens
from controller.transfers import api as transfers
from controller.waves import api as waves
from controller.waves import rule_api as wave_rules

API_VERSION = "1.0"

ROUTES: list[Route] = [
    *people.ROUTES,
    *sites.ROUTES,
    *catalog.ROUTES,
    *categories.ROUTES,
    *images.ROUTES,
    *documents.ROUTES,
    *private_fields.ROUTES,
    *tasks.ROUTES,
    *stock_api.ROUTES,
    *promise_api.ROUTES,
    *recall_api.ROUTES,
    *shelves.ROUTES,
    *pricing.ROUTES,
    *transfers.ROUTES,
    *sales.ROUTES,
    *sales_imports.ROUTES,
    *no_goods_api.ROUTES,
    *why_api.ROUTES,
    *cost_api.ROUTES,
    *proof_api.ROUTES,
    *counts.ROUTES,
    *count_planning.ROUTES,
    *count_schedules.ROUTES,
    *count_reviews.ROUTES,
    *supplier_api.ROUTES,
    *order_api.ROUTES,
    *answer_api.ROUTES,
    *receipt_api.ROUTES,
    *profiles.ROUTES,
    *replica.ROUTES,
    *taxes.ROUTES,
    *payments.ROUTES,
    *payment_callbacks.ROUTES,
    *money_api.ROUTES,
    *invoices.ROUTES,
    *orders.ROUTES,
    *order_totals.ROUTES,
    *order_flags.ROUTES,
    *order_tags.ROUTES,
    *order_templates.ROUTES,
    *order_changes.ROUTES,
    *order_substitutes.ROUTES,
    *order_batches.ROUTES,
    *order_goods.ROUTES,
    *fulfilment.ROUTES,
    *sourcing_routes.ROUTES,
    *shipping_routes.ROUTES,
    *waves.ROUTES,
    *wave_rules.ROUTES,
    *customers.ROUTES,
    *tracking.ROUTES,
    *buyer_api.ROUTES,
    *screens.ROUTES,
    *intake.ROUTES,
    *order_files.ROUTES,
    *order_merges.ROUTES,
    *reviews.ROUTES,
    *rule_api.ROUTES,
    *clock_api.ROUTES,
    *proposals.ROUTES,
    *replenishment.ROUTES,
    *stock_alerts.ROUTES,
    *reports.ROUTES,
    *opening_api.ROUTES,
    *fleet.ROUTES,
    *certificate_api.ROUTES,
    *print_api.ROUTES,
    *twin_api.ROUTES,
    *measured_api.ROUTES,
    *previews.ROUTES,
    *events.ROUTES,
]
