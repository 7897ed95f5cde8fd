"""A workbook that recalculates: budget, images, calculator, prices. The only package that needs XlsxWriter."""

from imgcost.reports.workbook.tables import write_table
from imgcost.reports.workbook.writing import workbook_sink

__all__ = ["workbook_sink", "write_table"]
