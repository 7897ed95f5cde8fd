"""Plan a whole job: images and a scenario in; requests, tokens by class and exact dollars out, for each model.

Needs numpy, so it is imported only when the first plan is made.
"""

from __future__ import annotations

from imgcost.plans.budgets import Costs, ModelPlan, PlannedRequest, Variant
from imgcost.plans.comparisons import Plan, plan, quotes_of
from imgcost.plans.jobs import Rejected, Repeated
from imgcost.plans.scenarios import Scenario, make_scenario, read_scenario

__all__ = [
    "Costs",
    "ModelPlan",
    "Plan",
    "PlannedRequest",
    "Rejected",
    "Repeated",
    "Scenario",
    "Variant",
    "make_scenario",
    "plan",
    "quotes_of",
    "read_scenario",
]
