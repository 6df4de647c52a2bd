"""What a dashboard must be like, so that whoever looks at it at night understands it."""

import json
import re
from pathlib import Path

import promql

FOLDER = Path(__file__).resolve().parent.parent / "grafana" / "dashboards"
DATA_SOURCE = {"type": "prometheus", "uid": "tocos-prometheus"}
KINDS = {"timeseries", "stat", "table"}


def all_dashboards():
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def targets(dashboard):
    """Every query, with the panel it is of."""
    return [(panel, target) for panel in panels(dashboard) for target in panel["targets"]]


def faults(name, dashboard):
    """Everything that is wrong with a dashboard, in words."""
    found = []
    if dashboard.get("uid") != f"tocos-{name}":
        found.append(f"its uid is {dashboard.get('uid')}")
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    for wanted in ("job", "instance"):
        if wanted not in variables:
            found.append(f"there is no variable {wanted}")
    for variable in variables.values():
        if variable["datasource"] != DATA_SOURCE or not variable["description"] and variable["name"] == "job":
            found.append(f"the variable {variable['name']} has another data source or no description")
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        found.append("two panels have the same id")
    titles = [panel["title"] for panel in panels(dashboard)]
    found += [f"two panels are called {title}" for title in {title for title in titles if titles.count(title) > 1}]
    found += overlaps(dashboard)
    for panel in panels(dashboard):
        found += [f"{panel.get('title')}: {fault}" for fault in panel_faults(panel)]
    return found


def panel_faults(panel):
    if panel["type"] not in KINDS:
        yield f"is a {panel['type']}"
    if not panel.get("title"):
        yield "has no title"
    if not panel.get("description", "").endswith("."):
        yield "has no description in sentences"
    if not panel["fieldConfig"]["defaults"].get("unit"):
        yield "has no unit"
    if panel.get("datasource") != DATA_SOURCE:
        yield "has another data source"
    references = [target["refId"] for target in panel["targets"]]
    if not references or len(references) != len(set(references)):
        yield "has no query, or two of the same name"
    for target in panel["targets"]:
        query = target["expr"]
        if target["datasource"] != DATA_SOURCE:
            yield f"asks another data source: {query}"
        if any(window != "$__rate_interval" for window in promql.rates(query)):
            yield f"takes a rate over a fixed window: {query}"
        if "$job" not in query and not all(metric.startswith("container_") for metric in promql.metric_names(query)):
            yield f"looks at every job: {query}"
        if re.search(r"job=\"[a-z]", query):
            yield f"names a job instead of the variable: {query}"
        if panel["type"] == "timeseries" and not target.get("legendFormat"):
            yield f"has no legend: {query}"


def overlaps(dashboard):
    taken = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{panel['title']} reaches beyond the right edge"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                other = taken.setdefault((x, y), panel["title"])
                if other != panel["title"]:
                    yield f"{panel['title']} lies on {other}"
                    return
