"""Who may use which route, written down by hand: f floor, p picker, m manager, $ finance, i IT, a admin.

At a site of their own; at another one nobody may.  A route that is not here fails the test: decide who may use it, then add its
line.
"""

from __future__ import annotations

from edge_agent.wire.roles import Role

LETTERS = dict(zip("fpm$ia", Role, strict=True))
TABLE = """
fpm$ia GET /
--m--a GET /admin/people
-----a POST /admin/people
-----a GET /admin/people/new
--m--a GET /admin/people/{person}
-----a POST /admin/people/{person}
-----a POST /admin/people/{person}/active
-----a POST /admin/people/{person}/badge
-----a POST /admin/people/{person}/badge/withdraw
-----a POST /admin/people/{person}/password
-----a POST /admin/people/{person}/pin
-----a POST /admin/people/{person}/roles/give
-----a POST /admin/people/{person}/roles/take
-----a POST /admin/people/{person}/sessions/end
--m-ia GET /api/v1/alerts
--m-ia GET /api/v1/boxes
----ia POST /api/v1/boxes
--m-ia GET /api/v1/boxes/{id}
--m-ia GET /api/v1/boxes/{id}/certificates
----ia POST /api/v1/boxes/{id}/certificates
----ia POST /api/v1/boxes/{id}/commands
--m-ia GET /api/v1/boxes/{id}/diagnostics
----ia GET /api/v1/boxes/{id}/diagnostics/{command}
--m-ia GET /api/v1/boxes/{id}/logs
----ia POST /api/v1/boxes/{id}/revoke
--m-ia GET /api/v1/boxes/{id}/statistics
--m-ia GET /api/v1/boxes/{id}/telemetry
--m-ia GET /api/v1/boxes/{id}/telemetry/history
--m-ia GET /api/v1/boxes/{id}/twin
----ia PUT /api/v1/boxes/{id}/twin
----ia POST /api/v1/boxes/{id}/twin/check
----ia POST /api/v1/boxes/{id}/twin/roll-back
--m-ia GET /api/v1/boxes/{id}/twin/versions
--m--a POST /api/v1/catalog/import
--m-ia GET /api/v1/commands
--m-ia GET /api/v1/commands/{id}
--m-ia GET /api/v1/devices
--m$ia GET /api/v1/events
--m-ia GET /api/v1/facts
--m-ia GET /api/v1/facts/{id}
-pm$-a GET /api/v1/orders
--m--a POST /api/v1/orders
-pm$-a GET /api/v1/orders/{no}
--m--a POST /api/v1/orders/{no}/cancel
-pm--a POST /api/v1/orders/{no}/release
-pm--a GET /api/v1/parcels
-pm--a GET /api/v1/parcels/{no}
-pm--a POST /api/v1/parcels/{no}/label
--m--a GET /api/v1/people
-----a POST /api/v1/people
--m--a GET /api/v1/people/{person}
-----a PUT /api/v1/people/{person}
-----a PUT /api/v1/people/{person}/active
-----a DELETE /api/v1/people/{person}/badge
-----a POST /api/v1/people/{person}/badge
-----a PUT /api/v1/people/{person}/password
-----a PUT /api/v1/people/{person}/pin
-----a PUT /api/v1/people/{person}/roles
-----a DELETE /api/v1/people/{person}/sessions
--m--a GET /api/v1/people/{person}/sessions
-pm--a GET /api/v1/pick-lists
-pm--a GET /api/v1/pick-lists/{no}
fpm-ia GET /api/v1/print-jobs
fpm-ia POST /api/v1/print-jobs
fpm-ia GET /api/v1/print-jobs/{id}
fpm-ia POST /api/v1/print-jobs/{id}/cancel
fpm-ia POST /api/v1/print-jobs/{id}/move
fpm$ia GET /api/v1/print-jobs/{id}/preview
fpm-ia POST /api/v1/print-jobs/{id}/priority
fpm-ia POST /api/v1/print-jobs/{id}/reprint
fpm-ia POST /api/v1/print-jobs/{id}/resolve
fpm-ia GET /api/v1/print-queues
--m-ia GET /api/v1/rejected-messages
fpm$ia GET /api/v1/sites
-----a POST /api/v1/sites
fpm$ia GET /api/v1/sites/{site}
--m--a POST /api/v1/sites/{site}/adjustments
-----a POST /api/v1/sites/{site}/bins
fpm$-a GET /api/v1/sites/{site}/counts-needed
fpm$ia GET /api/v1/sites/{site}/locations
--m-ia GET /api/v1/sites/{site}/station-profile
----ia PUT /api/v1/sites/{site}/station-profile
fpm$-a GET /api/v1/sites/{site}/stock
fpm$-a GET /api/v1/sites/{site}/stock/{sku}
fpm$-a GET /api/v1/sites/{site}/stock/{sku}/ledger
fpm$ia GET /api/v1/skus
--m--a POST /api/v1/skus
fpm$ia GET /api/v1/skus/{sku}
fpm$ia GET /api/v1/skus/{sku}/barcodes
--m--a POST /api/v1/skus/{sku}/barcodes
--m--a DELETE /api/v1/skus/{sku}/image
fpm$ia GET /api/v1/skus/{sku}/image
--m--a PUT /api/v1/skus/{sku}/image
--m-ia GET /api/v1/station-profiles
----ia DELETE /api/v1/station-profiles/{profile}
--m-ia GET /api/v1/station-profiles/{profile}
----ia PUT /api/v1/station-profiles/{profile}
fpm$-a GET /api/v1/stock/reconciliation
fpm$ia GET /api/v1/templates
fpm$ia GET /api/v1/unknown-barcodes
--m--a POST /api/v1/unknown-barcodes/{unknown}/link
------ PUT /box/v1/diagnostics/{command}
------ GET /box/v1/images/{hash}
------ GET /box/v1/replica/{site}
------ GET /box/v1/templates/{name}/{version}
fpm$ia GET /events
--m-ia GET /fleet
--m-ia GET /fleet/boxes/{id}
----ia POST /fleet/boxes/{id}/commands
--m-ia GET /fleet/boxes/{id}/config
----ia POST /fleet/boxes/{id}/config
----ia POST /fleet/boxes/{id}/config/check
----ia POST /fleet/boxes/{id}/config/roll-back
--m-ia GET /fleet/boxes/{id}/devices
----ia GET /fleet/boxes/{id}/diagnostics/{command}
--m-ia GET /fleet/boxes/{id}/logs
--m-ia GET /fleet/boxes/{id}/queue
----ia POST /fleet/boxes/{id}/revoke
--m-ia GET /fleet/boxes/{id}/security
--m-ia GET /fleet/devices/{box}/{device}
----ia POST /fleet/devices/{box}/{device}/commands
fpm$ia GET /me
fpm$ia POST /me/language
fpm$ia POST /me/password
fpm$ia POST /me/sessions/{session}/end
-pm$-a GET /orders
-pm$-a GET /orders/{no}
--m--a POST /orders/{no}/cancel
-pm--a POST /orders/{no}/release
fpm-ia GET /prints
fpm-ia POST /prints/{id}/cancel
fpm$ia GET /prints/{id}/preview.png
fpm-ia POST /prints/{id}/priority
fpm-ia POST /prints/{id}/printer
fpm-ia POST /prints/{id}/reprint
fpm-ia POST /prints/{id}/resolution
fpm$-a GET /stock
fpm$ia GET /unknown-barcodes
--m--a POST /unknown-barcodes
"""
EXPECTED: dict[str, frozenset[Role]] = {
    line[7:]: frozenset(LETTERS[letter] for letter in line[:6] if letter != "-") for line in TABLE.strip().splitlines()
}
