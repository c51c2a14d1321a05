"""What happens to the catalogue, to sites and to screens in stores, in the words of its language."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.ui.words import N_

CATALOGUE_EVENTS: Mapping[str, str] = {
    "sku_created": N_("SKU created"),
    "category_saved": N_("Category said"),
    "category_removed": N_("Category removed"),
    "skus_categorised": N_("Goods put into a category"),
    "substitute_saved": N_("Substitute named"),
    "substitute_removed": N_("Substitute named no longer"),
    "order_line_substituted": N_("Given as something else"),
    "site_created": N_("Site created"),
    "site_changed": N_("Site changed"),
    "bin_created": N_("Bin created"),
    "terminal_added": N_("Screen set up"),
    "terminal_removed": N_("Screen removed"),
    "barcode_added": N_("Barcode added"),
    "unknown_barcode": N_("Unknown barcode scanned"),
    "catalog_imported": N_("Catalogue imported"),
    "sku_image_changed": N_("Picture of a SKU changed"),
}
