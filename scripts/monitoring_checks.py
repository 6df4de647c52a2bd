"""The checks of test-monitoring.sh. The directory in its argument contains the static binary, and the programs write their files there."""

import math
import re
import subprocess
import sys
import time
from pathlib import Path

import yaml

import compose
import dashboards
import promql
from checks import Checks, run, same, wait_until
from ledger_client import Ledger, Writers
from stack import MONITORING, ROOT, Stack, get_json

WORK = Path(sys.argv[1])
RULES = sorted((MONITORING / "prometheus" / "rules").glob("*.yaml"))
DOCUMENT = ROOT / "docs" / "operations.md"
SERIES_SUFFIXES = ("_bucket", "_count", "_sum")
# All allowed label names: each has few values, and none contains a user.
LABELS = {"route", "method", "role", "status", "le", "code", "coin", "webhook", "within", "version", "commit"}


def rules(kind):
    return [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"] if kind in rule]


def none_of(found):
    return same(list(found), [])


# Checks that run no program.

def every_alert_has_its_cases():
    cases = [case for path in (MONITORING / "tests" / "rules").glob("*.yaml") for case in yaml.safe_load(path.read_text())["tests"]]
    alerts = {rule["alert"] for rule in rules("alert")}
    seen = {}
    for case in cases:
        name, outcome = re.match(r"(\w+) (fires|is silent):", case["name"]).groups()
        for expectation in case["promql_expr_test"]:
            # The alert in the case's name must be the alert that it tests.
            same(f'alertname="{name}"' in expectation["expr"], True, case["name"])
            same(bool(expectation["exp_samples"]), outcome == "fires", case["name"])
        seen.setdefault(name, set()).add(outcome)
    same(set(seen), alerts)
    # Watchdog has no silent case, as it always fires.
    none_of(name for name, outcomes in seen.items() if outcomes != {"fires", "is silent"} and name != "Watchdog")


def every_alert_has_its_runbook():
    text = DOCUMENT.read_text()
    for rule in rules("alert"):
        name = rule["alert"]
        same(rule["annotations"]["runbook"], f"docs/operations.md#{name.lower()}", name)
        entry = re.search(rf"^### {name}$(.*?)(?=^#)", text + "\n#", re.M | re.S)
        if not entry:
            raise AssertionError(f"docs/operations.md has no entry {name}")
        for part in ("**Means:**", "**Look at:**", "**Do:**"):
            same(part in entry[1], True, f"{name} has {part}")
        same(rule["labels"]["severity"] in ("critical", "warning", "none"), True, name)
    headings = set(re.findall(r"^### ([A-Z][a-z]+(?:[A-Z]\w*)|Watchdog)$", text, re.M))
    return same(headings - {rule["alert"] for rule in rules("alert")}, set(), "entries without an alert")


def rule_tests_pass():
    files = sorted(str(path) for path in (MONITORING / "tests" / "rules").glob("*.yaml"))
    same(len(files) > 5, True)
    # Two in parallel: each needs one core.
    runs = [subprocess.Popen(["promtool", "test", "rules", *part], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for part in (files[::2], files[1::2])]
    outputs = [process.communicate(timeout=300)[0] for process in runs]
    same([process.returncode for process in runs], [0, 0], "\n".join(outputs)[-1500:])


def alerts_go_to_the_right_people():
    config = str(MONITORING / "alertmanager" / "alertmanager.yml")
    for receiver, labels in {"wake-somebody": ["alertname=TocosDown", "severity=critical"], "working-day": ["alertname=HostDown", "severity=warning"], "sign-of-life": ["alertname=Watchdog", "severity=none"]}.items():
        same(run("amtool", "config", "routes", "test", f"--config.file={config}", *labels).strip(), receiver)


def cadvisors_figures_are_kept():
    """Prometheus drops what no panel and no alert asks for; it must not drop what one does."""
    config = yaml.safe_load((MONITORING / "prometheus" / "prometheus.yml").read_text())
    job = next(job for job in config["scrape_configs"] if job["job_name"] == "cadvisor")
    kept = re.compile(job["metric_relabel_configs"][0]["regex"])
    asked = {name for expression in all_expressions() for name in promql.metric_names(expression) if name.startswith("container_")}
    same(len(asked) >= 5, True, f"asked for: {asked}")
    none_of(name for name in asked if not kept.fullmatch(name))


def all_expressions():
    panels = [promql.filled_in(target["expr"], "tocos") for board in dashboards.all_dashboards().values() for _, target in dashboards.targets(board)]
    return panels + [rule["expr"] for kind in ("alert", "record") for rule in rules(kind)]


def setup_without_compose_works():
    """In a mount namespace of its own, so that this machine's /etc stays as it is; a second run changes nothing."""
    script = f"""
        mkdir -p {WORK}/etc-upper {WORK}/etc-work
        mount -t overlay overlay -o lowerdir=/etc,upperdir={WORK}/etc-upper,workdir={WORK}/etc-work /etc
        picture() {{ find /etc/prometheus /etc/default -type f -exec sha256sum {{}} + | sort; }}
        {ROOT}/scripts/setup-monitoring.sh 127.0.0.1:19464
        before=$(picture)
        {ROOT}/scripts/setup-monitoring.sh 127.0.0.1:19464 >/dev/null
        test "$before" = "$(picture)"
        cat /etc/prometheus/targets/tocos.yaml
        promtool check config /etc/prometheus/prometheus.yml
    """
    said = run("unshare", "--mount", "bash", "-euc", script)
    same('targets: ["127.0.0.1:19464"]' in said, True, said)
    same(said.count("SUCCESS") >= 3, True, said)
    same("http://127.0.0.1:9090" in said and "http://127.0.0.1:3000" in said or "Grafana's repository" in said, True, said)
    # All programs listen on loopback only.
    for package in ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter"):
        same("--web.listen-address=127.0.0.1:" in (WORK / "etc-upper" / "default" / package).read_text(), True, package)


# Checks that need the running programs.

def use_everything(ledger):
    """Once through all that has a figure of its own."""
    soon = lambda days: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86400))
    ledger.must("PUT", "/v1/coins/gems", {"decimals": 2})
    for user in ("ana", "bob", "cy"):
        ledger.must("POST", "/v1/users", {"id": user})
        ledger.must("POST", "/v1/grants", {"user": user, "coin": "toco", "amount": 1_000_000})
        ledger.must("POST", "/v1/grants", {"user": user, "coin": "gems", "amount": 500, "expires_at": soon(3)})
        ledger.must("POST", "/v1/grants", {"user": user, "coin": "gems", "amount": 500, "expires_at": soon(20)})
    ledger.must("POST", "/v1/holds", {"user": "ana", "coin": "toco", "amount": 30, "timeout_s": 3600})
    # Nobody listens there, so it waits, fails and is tried again.
    ledger.must("PUT", "/v1/webhooks/nobody", {"url": "http://127.0.0.1:9/"})
    ledger.must("POST", "/v1/batch", {"atomic": False, "operations": [{"op": "grant", "user": "cy", "coin": "gems", "amount": 1}]})


def keep_using(ledger, turn):
    ledger.must("POST", "/v1/spends", {"user": "ana", "coin": "toco", "amount": 1}, idempotency_key=f"spend-{turn // 2}")
    ledger.must("POST", "/v1/grants", {"user": "bob", "coin": "gems", "amount": 2})
    same(ledger.call("POST", "/v1/spends", {"user": "cy", "coin": "toco", "amount": 2**52})[0] in (402, 409, 422), True, "a refusal")
    ledger.must("GET", "/v1/users?limit=10")
    ledger.must("GET", "/v1/users/ana/history?limit=5")
    same(Ledger(f"http://{ledger.address}", "tocos_1_nobody").call("GET", "/v1/users")[0], 401)


def load(stack, seconds):
    ledger = Ledger(stack.url("tocos"), stack.key())
    use_everything(ledger)
    with Writers(ledger, ["ana", "bob", "cy"], threads=2, pause=0.002) as writers:
        end = time.monotonic() + seconds
        turn = 0
        while time.monotonic() < end:
            keep_using(ledger, turn)
            turn += 1
            time.sleep(0.05)
    print(f"     {len(writers.answered)} transfers under the eyes of Prometheus", flush=True)
    same(len(writers.answered) > 100, True)


def has_data(stack, expression):
    values = stack.query(expression)
    return any(not math.isnan(float(value)) for value in values)


def panels_without_data(stack):
    jobs = {"host": "node"}
    for name, board in dashboards.all_dashboards().items():
        for panel, target in dashboards.targets(board):
            query = promql.filled_in(target["expr"], jobs.get(name, "tocos"))
            if not has_data(stack, query):
                yield f"{name}, {panel['title']}: {query}"


def variables_without_data(stack):
    for name, board in dashboards.all_dashboards().items():
        for variable in board["templating"]["list"]:
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
            selector = selector.replace("$job", "node" if name == "host" else "tocos")
            if not stack.query(f"count by ({label}) ({selector})"):
                yield f"{name}, {variable['name']}: {variable['definition']}"


def rules_without_data(stack):
    for rule in rules("record"):
        if not has_data(stack, rule["record"]):
            yield rule["record"]
    for rule in rules("alert"):
        # An alert that does not fire may lack its data, so each series of its expression is queried.
        for selector in promql.selectors(rule["expr"]):
            if not stack.query(selector):
                yield f"{rule['alert']}: {selector}"


def rules_that_fail(stack):
    for group in get_json(f"{stack.url('prometheus')}/api/v1/rules")["data"]["groups"]:
        for rule in group["rules"]:
            if rule["health"] != "ok":
                yield f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}"


def families(text):
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))


def documented():
    """The metrics that the table in the document names."""
    table = re.search(r"^#+ Metrics$(.*?)(?=^#)", DOCUMENT.read_text() + "\n#", re.M | re.S)[1]
    return set(re.findall(r"`((?:tocos|process)_[a-z_0-9]+)", table))


def document_and_service_name_the_same_metrics(stack):
    deployment = set(families((stack.work / "textfile" / "tocos_deploy.prom").read_text()))
    exposed = set(families(stack.metrics()[0])) | deployment
    same((sorted(exposed - documented()), sorted(documented() - exposed)), ([], []), "(not documented, not exposed)")


def metrics_are_well_made(stack):
    text, kind = stack.metrics()
    same(kind.startswith("text/plain; version=0.0.4"), True, kind)
    (stack.work / "metrics.txt").write_text(text)
    with open(stack.work / "metrics.txt") as given:
        said = subprocess.run(["promtool", "check", "metrics"], stdin=given, capture_output=True, text=True)
    # This metric is a sum of balances; promtool reserves the suffix _sum for histograms.
    complaints = [line for line in (said.stdout + said.stderr).splitlines() if line.strip() and not line.startswith("tocos_coin_balance_sum ")]
    same(complaints, [], "promtool check metrics")
    labels = {label for matchers in re.findall(r"^\w+\{(.*)\} ", text, re.M) for label in re.findall(r'(\w+)="', matchers)}
    same(labels - LABELS, set(), "labels")
    for word in ("ana", "bob", "Bearer", stack.key()):
        same(f'"{word}"' in text, False, f"{word} in the metrics")


def figures_agree_with_the_api(stack):
    ledger = Ledger(stack.url("tocos"), stack.key())
    figures = {"issued": "issued", "spent": "spent", "held": "held", "outstanding": "outstanding"}

    def agree():
        coins = {coin["code"]: coin for coin in ledger.must("GET", "/v1/coins")["coins"]}
        text = stack.metrics()[0]
        for coin, facts in coins.items():
            for metric, field in figures.items():
                shown = re.search(rf'^tocos_coin_{metric}\{{coin="{coin}"\}} (\S+)$', text, re.M)[1]
                same(float(shown), float(facts[field]), f"{metric} of {coin}")
            same(re.search(rf'^tocos_coin_balance_sum\{{coin="{coin}"\}} (\S+)$', text, re.M)[1], "0", coin)
        same(len(coins), 2)
        return True

    wait_until("metrics and API say the same", agree, 20, 0.5)


def an_alert_reaches_people(stack, killed_at):
    """The service was killed; Alertmanager posts to whom it should wake."""
    def post():
        return [alert for alert in stack.listener.alerts("/wake-somebody") if alert["labels"]["alertname"] == "TocosDown" and alert["status"] == "firing"]

    alert = wait_until("TocosDown is posted", post, 150, 0.5)[0]
    print(f"     posted {time.monotonic() - killed_at:.0f} s after the service was killed", flush=True)
    instance = f"127.0.0.1:{stack.ports['internal']}"
    same(alert["labels"]["severity"], "critical")
    same(alert["annotations"]["summary"], f"Tocos on {instance} does not answer")
    same(alert["annotations"]["runbook"], "docs/operations.md#tocosdown")


def the_sign_of_life_arrives(stack):
    wait_until("Watchdog is posted", lambda: [alert for alert in stack.listener.alerts("/sign-of-life") if alert["labels"]["alertname"] == "Watchdog"], 60, 0.5)


def texts_are_complete(stack):
    """No alert that fired has a hole in its words."""
    fired = [alert for group in get_json(f"{stack.url('prometheus')}/api/v1/rules?type=alert")["data"]["groups"] for rule in group["rules"] for alert in rule["alerts"]]
    same(len(fired) >= 2, True, "alerts that fired")
    none_of(text for alert in fired for text in alert["annotations"].values() if "<no value>" in text or "error" in text.lower() and "template" in text.lower())


def check_what_runs(checks, stack):
    stack.start_service()
    stack.start_watchers()
    checks.that("the service answers", wait_until, "readyz", lambda: stack.metrics()[0], 30)
    checks.that("Prometheus answers", wait_until, "the API", lambda: has_data(stack, "up"), 60)
    checks.that("all targets are up", wait_until, "four jobs", lambda: stack.query("count(up == 1)") == ["4"], 40)
    checks.that("the service works under load", load, stack, 20)
    checks.that("every panel of every dashboard shows data", lambda: none_of(panels_without_data(stack)))
    checks.that("every variable of every dashboard has values", lambda: none_of(variables_without_data(stack)))
    checks.that("every rule is evaluated and finds its series", lambda: none_of([*rules_that_fail(stack), *rules_without_data(stack)]))
    checks.that("metrics and document name the same", document_and_service_name_the_same_metrics, stack)
    checks.that("the metrics are well made, with no user in them", metrics_are_well_made, stack)
    checks.that("the ledger's figures agree with the API", figures_agree_with_the_api, stack)
    stack.kill("tocos")
    killed_at = time.monotonic()
    checks.that("the sign of life arrives", the_sign_of_life_arrives, stack)
    # Meanwhile the alert's `for` of one minute passes.
    checks.that("each alert fires and stays silent when it should (promtool test rules)", rule_tests_pass)
    checks.that("compose starts service and watchers, open to nobody else", compose.stack_runs, WORK)
    checks.that("the alert of a killed service reaches people", an_alert_reaches_people, stack, killed_at)
    checks.that("the alerts' texts are complete", texts_are_complete, stack)


def main():
    checks = Checks()
    checks.that("promtool accepts configuration and rules", lambda: run("promtool", "check", "config", str(MONITORING / "prometheus" / "prometheus.yml")))
    checks.that("amtool accepts the configuration of Alertmanager", lambda: run("amtool", "check-config", str(MONITORING / "alertmanager" / "alertmanager.yml")))
    checks.that("alerts go to the right people", alerts_go_to_the_right_people)
    checks.that("every alert has a firing and a silent case", every_alert_has_its_cases)
    checks.that("every alert has its entry in the runbook", every_alert_has_its_runbook)
    for name, board in dashboards.all_dashboards().items():
        checks.that(f"the dashboard {name} explains itself", lambda: none_of(dashboards.faults(name, board)))
    checks.that("what panels ask of cAdvisor is kept", cadvisors_figures_are_kept)
    checks.that("the compose file publishes on loopback only, pins its images and takes rights away", compose.file_is_careful)
    checks.that("setup without compose puts a good configuration in place, twice the same", setup_without_compose_works)
    stack = Stack(WORK / "tocos", WORK)
    try:
        check_what_runs(checks, stack)
    finally:
        stack.end()
    checks.end()


main()
