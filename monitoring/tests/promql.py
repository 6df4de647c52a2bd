"""Looks into PromQL expressions, as far as the checks need it: which series an expression asks for."""

import re

WORDS = {"and", "or", "unless", "bool", "offset", "on", "by", "without", "ignoring", "group_left", "group_right", "inf", "nan"}
# What Grafana puts in the place of its variables when everything is chosen.
VARIABLES = {"$__rate_interval": "10s", "$job": None, "$instance": ".*", "$coin": ".*"}


def filled_in(expression, job):
    """A panel's query as Grafana would send it."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, job if value is None else value)
    if "$" in expression:
        raise AssertionError(f"an unknown variable is in {expression}")
    return expression


def selectors(expression):
    """The vector selectors of an expression: name and matchers, without range."""
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", expression)
    text = re.sub(r"\[[^\]]*\]", " ", text)
    found = []
    for match in re.finditer(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{(?:[^}\"]|\"[^\"]*\")*\})?", text):
        name, matchers = match[1], match[2] or ""
        inside_matchers = any(start.start() < match.start() < start.end() for start in re.finditer(r"\{(?:[^}\"]|\"[^\"]*\")*\}", text))
        is_call = text[match.end():].lstrip().startswith("(")
        is_number = match.start() > 0 and text[match.start() - 1] in "0123456789."
        if not (inside_matchers or is_call or is_number or name.lower() in WORDS):
            found.append(name + matchers)
    return found


def metric_names(expression):
    return {selector.split("{")[0] for selector in selectors(expression)}


def rates(expression):
    """The ranges over which rates are taken."""
    return re.findall(r"\bi?rate\((?:[^()\[\]]|\{[^}]*\})*\[([^\]]*)\]", expression)
