"""Reports as one HTML file: charts, tables and a panel that recalculates, and nothing to fetch."""

from imgcost.reports.html.page import page_sink
from imgcost.reports.html.rendering import report_page

__all__ = ["page_sink", "report_page"]
