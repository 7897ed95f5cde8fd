"""A workbook that recalculates: budget, images, calculator, prices. The only package that needs XlsxWriter."""

from imgcost.reports.workbook.plain import write_plain_workbook
from imgcost.reports.workbook.writing import workbook_sink

__all__ = ["workbook_sink", "write_plain_workbook"]
