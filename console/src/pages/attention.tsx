// What somebody should look at: webhooks that fail or are switched off, nodes that are away or behind.
import type { ComponentChildren, JSX } from "preact";
import { get } from "../api/client";
import type { Cluster, Webhook } from "../api/types";
import { count, many } from "../format";
import { Badge, Card, Name, Time, WebhookLink } from "../parts/basics";
import { fares } from "../state/group";
import { useWatched } from "../state/query";
import { to } from "../state/route";
import { isGroup } from "../state/session";
import { offWords } from "../words";

/** More than so many of one kind are only counted. */
const SHOWN_MAX = 5;

interface Concern { key: string; badge: JSX.Element; words: ComponentChildren }

function ofWebhook(hook: Webhook): Concern | null {
  const behind = hook.pending_events > 0 ? `; behind by ${many(hook.pending_events, "event")}` : "";
  const name = <>Webhook <WebhookLink id={hook.id} /></>;
  const key = `webhook ${hook.id}`;
  if (!hook.enabled) return { key, badge: <Badge word="switched off" tone={hook.disabled_reason === "requested" ? "muted" : "bad"} />, words: <>{name}: {offWords(hook.disabled_reason ?? "requested")}{hook.disabled_at && <>, <Time at={hook.disabled_at} relative /></>}{behind}</> };
  if (hook.failing_since) return { key, badge: <Badge word="failing" tone="bad" />, words: <>{name} since <Time at={hook.failing_since} />{behind}</> };
  return null;
}

function ofGroup(group: Cluster): Concern[] {
  const nodes = fares(group).filter((member) => member.fare !== "level").map((member): Concern => ({
    key: `node ${member.node}`, badge: <Badge word={member.fare} tone={member.fare === "away" ? "bad" : "warn"} />,
    words: <>Node <a class="name-link" href={to.group()}><Name text={member.node} /></a>{member.fare === "away" ? <> was last seen {member.seen_ago_s.toFixed(0)} s ago</> : <> lacks {many(Math.max(0, group.tip_event - member.last_event), "event")}</>}</>,
  }));
  if (group.leader) return nodes;
  return [{ key: "no leader", badge: <Badge word="no leader" tone="bad" />, words: <>Nobody leads the <a class="name-link" href={to.group()}>group</a>, so nothing is written</> }, ...nodes];
}

/** The switched-off ones that were asked to be so come last. */
const urgency = (hook: Webhook): number => (hook.enabled ? 0 : hook.disabled_reason === "requested" ? 2 : 1);

export function Attention(): JSX.Element | null {
  const webhooks = useWatched("webhooks", (signal) => get<{ webhooks: Webhook[] }>("/v1/webhooks", signal));
  const group = useWatched(isGroup.value ? "cluster" : null, (signal) => get<Cluster>("/v1/cluster", signal));
  const hooks = [...(webhooks.data?.webhooks ?? [])].sort((a, b) => urgency(a) - urgency(b)).map(ofWebhook).filter((one) => one !== null);
  const concerns = [...(group.data ? ofGroup(group.data) : []), ...hooks.slice(0, SHOWN_MAX)];
  const more = hooks.length - SHOWN_MAX;
  if (concerns.length === 0) return null;
  return <Card class="attention" title="Needs a look"><ul>
    {concerns.map((one) => <li key={one.key}>{one.badge}<span>{one.words}</span></li>)}
    {more > 0 && <li><span /><a href={to.webhooks()}>{count(more)} more {more === 1 ? "webhook" : "webhooks"}</a></li>}
  </ul></Card>;
}
