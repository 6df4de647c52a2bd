// The console: a client of the HTTP API in the browser.
import "./style/base.css";
import "./style/parts.css";
import "./style/pages.css";
import "uplot/dist/uPlot.min.css";
import { render, type JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Empty, PageHead } from "./parts/basics";
import { EventPageView, Events } from "./pages/events";
import { Overview } from "./pages/overview";
import { CoinsPage, GroupPage, KeysPage } from "./pages/settings";
import { Shell } from "./pages/shell";
import { SignIn } from "./pages/signin";
import { HoldsPage, SchedulesPage, UserPage } from "./pages/user";
import { Users } from "./pages/users";
import { WebhookPage, Webhooks } from "./pages/webhooks";
import { loadCoins } from "./state/coins";
import { live } from "./state/pulse";
import { route, to } from "./state/route";
import { may, phase, start } from "./state/session";
import "./state/theme";

function Page(): JSX.Element {
  const [first, second] = route.value.segments;
  switch (first) {
    case undefined: return <Overview />;
    case "users": return second === undefined ? <Users /> : <UserPage key={second} id={second} />;
    case "events": return second === undefined ? <Events key={route.value.query.toString()} /> : <EventPageView key={second} number={Number(second)} />;
    case "holds": return <HoldsPage />;
    case "schedules": return <SchedulesPage />;
    case "coins": return <CoinsPage />;
    case "webhooks": return second === undefined ? <Webhooks /> : <WebhookPage key={second} id={second} />;
    case "keys": if (may("admin")) return <KeysPage />; break;
    case "group": return <GroupPage />;
  }
  return <><PageHead title="Not found" /><Empty title="There is no such page"><a href={to.overview()}>Overview</a></Empty></>;
}

function App(): JSX.Element {
  const state = phase.value;
  useEffect(() => {
    if (state !== "in") return;
    loadCoins().catch(() => { /* Each page that needs them says why. */ });
    void live();
  }, [state]);
  if (state === "in") return <Shell><Page /></Shell>;
  if (state === "starting") return <main class="signin"><p class="muted" role="status">Connecting…</p></main>;
  return <SignIn />;
}

const root = document.getElementById("root");
if (root) render(<App />, root);
void start();
