"""Plan a whole job: images and a scenario in; requests, tokens by class and exact dollars out, for each model.

Needs numpy, so it is imported only when the first plan is made.
"""

from __future__ import annotations

from imgcost.plans.alternatives import SENDING
from imgcost.plans.budgets import Costs, ModelPlan, PlannedRequest, Variant
from imgcost.plans.comparisons import Plan, plan, quotes_of
from imgcost.plans.jobs import Rejected, Repeated
from imgcost.plans.scenario_files import read_scenario, read_text, scenario_template
from imgcost.plans.scenarios import Scenario, make_scenario
from imgcost.plans.settings import SETTINGS, Setting

__all__ = [
    "SENDING",
    "SETTINGS",
    "Costs",
    "ModelPlan",
    "Plan",
    "PlannedRequest",
    "Rejected",
    "Repeated",
    "Scenario",
    "Setting",
    "Variant",
    "make_scenario",
    "plan",
    "quotes_of",
    "read_scenario",
    "read_text",
    "scenario_template",
]
