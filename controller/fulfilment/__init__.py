"""From a placed order to goods in the customer's hands: pick lists, parcels, hand-over.  The shipment axis of an order."""
