// Coins, API keys, and the group of nodes.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { apiKey, get } from "../api/client";
import type { Cluster, Key, LedgerEvent, Status } from "../api/types";
import { begin } from "../actions/dialog";
import * as act from "../actions/list";
import { amount, ago, bytes, count, many } from "../format";
import { Amount, Badge, Button, Card, Copy, Empty, Facts, Name, PageHead, Shown, Table, Time } from "../parts/basics";
import { loadCoins } from "../state/coins";
import { fares } from "../state/group";
import { useLoaded, useWatched } from "../state/query";
import { may, own, signIn } from "../state/session";
import { perWords } from "../words";

export function CoinsPage(): JSX.Element {
  const loaded = useLoaded("coins", loadCoins);
  return <><PageHead title="Coins" sub="Kinds of credit, and where all of each is" actions={may("grant") && <Button kind="primary" icon="plus" onClick={() => begin(act.coin())}>New coin</Button>} />
    <Card><Shown of={loaded}>{(list) => <Table caption="Coins" rows={list} rowKey={(coin) => coin.code} columns={[
      { head: "Coin", cell: (coin) => <strong>{coin.code}</strong> }, ...(["issued", "spent", "expired", "outstanding", "held"] as const).map((name) => ({ head: name[0]?.toUpperCase() + name.slice(1), end: true, cell: (coin: (typeof list)[number]) => <Amount value={coin[name]} coin={coin.code} unit={false} /> })),
      { head: "Decimals", end: true, cell: (coin) => <span class="num">{coin.decimals}</span> },
      { head: "Rules", cell: (coin) => <span class="muted">{[coin.spend_limit && `${amount(coin.spend_limit.amount, coin.code)} ${perWords(coin.spend_limit)}`, coin.thresholds?.length && `thresholds ${coin.thresholds.map((one) => amount(one, coin.code)).join(", ")}`].filter(Boolean).join("; ") || "—"}</span> },
      { head: "", end: true, cell: (coin) => may("grant") && <span class="row-actions"><Button kind="quiet" onClick={() => begin(act.coin(coin))}>Decimals</Button><Button kind="quiet" onClick={() => begin(act.spendLimit(null, coin.code, coin.spend_limit))}>Limit</Button><Button kind="quiet" onClick={() => begin(act.thresholds(null, coin.code, coin.thresholds))}>Thresholds</Button></span> },
    ]} />}</Shown></Card></>;
}

/** Shown until one leaves the page; it is kept nowhere else. */
const made = signal<LedgerEvent | null>(null);

export function KeysPage(): JSX.Element {
  const loaded = useLoaded("keys", (signal) => get<{ keys: Key[] }>("/v1/keys", signal));
  const done = (event: LedgerEvent): void => {
    made.value = event;
    // The first key ends access without one: from now on this tab uses it.
    if (own.value?.id === null && event.secret) {
      apiKey.value = event.secret;
      void signIn(event.secret, false);
    }
  };
  const isFirst = own.value?.id === null;
  return <><PageHead title="Keys" sub="Who may use the API, and for what" actions={<Button kind="primary" icon="plus" onClick={() => begin(act.newKey(isFirst, done))}>{isFirst ? "First key" : "New key"}</Button>} />
    {made.value && <div class="notice good" role="status"><strong>Key <Name text={made.value.name || String(made.value.id)} /> was made</strong>
      {made.value.secret ? <><p>Its secret is shown now and never again. Keep it where only those who need it can read it.</p><p class="secret"><code>{made.value.secret}</code><Copy text={made.value.secret} what="the secret" /></p></> : <p>The answer with its secret was lost. Revoke it and make another one.</p>}
      <Button onClick={() => { made.value = null; }}>I have kept it</Button></div>}
    <Card><Shown of={loaded}>{({ keys }) => keys.length === 0 ? <Empty title="No keys yet">Until there is one, only processes on this machine may use the service.</Empty> : <Table caption="API keys" rows={keys} rowKey={(key) => key.id} rowClass={(key) => (key.revoked_at ? "gone" : "")} columns={[
      { head: "Key", cell: (key) => <span class="num">{key.id}</span> }, { head: "Name", class: "wide", cell: (key) => (key.name ? <Name text={key.name} /> : <span class="muted">no name</span>) },
      { head: "Right", cell: (key) => <Badge word={key.right} tone={key.right === "admin" ? "warn" : "info"} /> }, { head: "Made", cell: (key) => <Time at={key.created_at} /> },
      { head: "Works", cell: (key) => (key.revoked_at ? <><Badge word="revoked" /> <Time at={key.revoked_at} relative /></> : key.expires_at ? <>until <Time at={key.expires_at} /></> : "always") },
      { head: "", end: true, cell: (key) => !key.revoked_at && <Button kind="quiet" label={`Revoke key ${key.id}`} onClick={() => begin(act.revokeKey(key.id, key.name))}>Revoke</Button> },
    ]} />}</Shown></Card></>;
}

export function GroupPage(): JSX.Element {
  const loaded = useWatched("cluster", (signal) => get<Cluster>("/v1/cluster", signal));
  const status = useLoaded("status", (signal) => get<Status>("/v1/status", signal));
  return <><PageHead title="Group" sub="The nodes that serve this ledger" actions={may("admin") && loaded.data?.role !== "alone" && <Button onClick={() => begin(act.handOver())}>Hand the lead over</Button>} />
    <Shown of={loaded}>{(group) => <>
      <Card title={<>Node <Name text={group.node} /></>}><Facts rows={[["Role", <Badge word={group.role} tone={group.role === "leader" ? "good" : group.role === "follower" ? "info" : "warn"} />], ["Leader", group.leader ? <Name text={group.leader.node} /> : "none"], ["Epoch", count(group.epoch)], ["Event", `${count(group.last_event)} of ${count(group.tip_event)}`],
        ["Behind", `${group.behind_s.toFixed(1)} s`], ["On several machines", group.synchronous === null ? "unknown" : group.synchronous ? "yes" : "no"], ["Leader changes", count(group.changes)], ["Shared log faults", count(group.faults)], ["Note", group.note]]} /></Card>
      <Card title="Nodes"><Table caption="Nodes" rows={fares(group)} rowKey={(member) => member.node} columns={[{ head: "Node", cell: (member) => <Name text={member.node} /> }, { head: "Address", class: "wide", cell: (member) => member.url }, { head: "Role", cell: (member) => <Badge word={member.node === group.leader?.node ? "leader" : "follower"} tone={member.node === group.leader?.node ? "good" : "info"} /> },
        { head: "State", cell: (member) => <Badge word={member.fare} tone={{ away: "bad", behind: "warn", level: "good" }[member.fare]} /> },
        { head: "Event", end: true, cell: (member) => <span class="num">{count(member.last_event)}</span> }, { head: "Behind", end: true, cell: (member) => <span class="num">{many(Math.max(0, group.tip_event - member.last_event), "event")}</span> }, { head: "Seen", end: true, cell: (member) => `${member.seen_ago_s.toFixed(1)} s ago` }]} /></Card></>}</Shown>
    <Card title="Archive"><Shown of={status} rows={2}>{({ archive }) => archive ? <Facts rows={[["Behind", `${archive.lag_s.toFixed(1)} s`], ["Not yet there", bytes(archive.lag_bytes)], ["Last success", archive.last_success_at ? ago(archive.last_success_at) : "none since the start"], ["Failures", count(archive.failures)]]} /> : <p class="muted">This node has none.</p>}</Shown></Card></>;
}
