"""Reports as one HTML file: charts, tables and a panel that recalculates, with nothing to fetch. Needs the extra `report`."""

from imgcost.reports.html.page import page_sink
from imgcost.reports.html.rendering import report_page

__all__ = ["page_sink", "report_page"]
