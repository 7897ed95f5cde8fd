"""Data sets: tables with sizes or with image bytes, priced in record batches, here or on a cluster."""
