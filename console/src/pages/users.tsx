// Users: found by a part of their name or id as it is typed, page by page.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, url } from "../api/client";
import type { UserSummary } from "../api/types";
import { begin } from "../actions/dialog";
import { newUser } from "../actions/list";
import { Amount, Button, Card, Empty, Icon, Name, PageHead, Shown, Table, usePages, type Sort } from "../parts/basics";
import { coins } from "../state/coins";
import { useLoaded, useRested, useSeldom } from "../state/query";
import { go, route, setQuery, to } from "../state/route";
import { may } from "../state/session";

/** The orders of the API, as people say them. */
const ORDERS: [string, string][] = [["id", "Id, first to last"], ["-id", "Id, last to first"], ["created", "Oldest first"], ["-created", "Newest first"], ["-balance", "Highest balance"], ["balance", "Lowest balance"]];

interface UserPage { users: UserSummary[]; next_cursor: string | null }
const PAGE = 50;

export function Users(): JSX.Element {
  const [q, setQ] = useState(route.value.query.get("q") ?? "");
  const [coin, setCoin] = useState(route.value.query.get("coin") ?? "");
  const [closed, setClosed] = useState(route.value.query.get("closed") ?? "");
  const [chosen, choose] = useState(route.value.query.get("order") ?? "");
  const rested = useRested(q.trim(), 120);
  const isByBalance = chosen.endsWith("balance");
  // Without a coin there is no balance to go by, and what the address says may be no order at all.
  const order = ORDERS.some(([name]) => name === chosen) && !(isByBalance && !coin) ? chosen : "";
  /** What the service does without being told. */
  const shown = order || (rested ? "created" : "id");
  /** For these the service looks at everybody. */
  const isPass = order === "-id" || order.endsWith("balance") || (rested !== "" && shown !== "created");
  const turn = (name: string): void => {
    if (name.endsWith("balance") && !coin) setCoin(coins.value[0]?.code ?? "");
    choose(name);
  };
  const sort = (name: string, first: string, other: string): Sort => ({ is: shown === name ? "ascending" : shown === `-${name}` ? "descending" : undefined, turn: () => turn(shown === first ? other : first) });
  const key = `users ${rested} ${coin} ${closed} ${order}`;
  const { cursor, pager } = usePages(key);
  const page = useLoaded(`${key} ${cursor}`, (signal) => get<UserPage>(url("/v1/users", { q: rested, coin, closed, order, limit: PAGE, cursor }), signal), !isPass, true);
  useSeldom(page, isPass);
  useEffect(() => setQuery({ q: rested, coin, closed, order }), [rested, coin, closed, order]);
  // A search from elsewhere leads here with another address.
  const asked = route.value.query.get("q") ?? "";
  useEffect(() => { if (asked !== rested) setQ(asked); }, [asked]);
  // Enter opens the first that is found, as soon as it is found.
  const [enters, setEnters] = useState(false);
  const isFound = !page.isLoading && rested === q.trim();
  useEffect(() => {
    if (!enters || !isFound) return;
    setEnters(false);
    const first = page.data?.users[0];
    if (first) go(to.user(first.id));
  }, [enters, isFound]);
  return <>
    <PageHead title="Users" sub={rested ? "Those whose id or name contains what you look for" : "All of them, page by page"} actions={may("grant") && <Button kind="primary" icon="plus" onClick={() => begin(newUser())}>New user</Button>} />
    <div class="toolbar" role="search">
      <span class="search-box"><Icon name="search" /><input id="user-search" type="search" aria-label="Find users by a part of their id or name" placeholder="Part of an id or name" value={q} dir="auto" autofocus
        onInput={(event) => { setEnters(false); setQ(event.currentTarget.value); }} onKeyDown={(event) => { if (event.key === "Enter") setEnters(true); }} /></span>
      <label class="inline">Coin <select value={coin} onChange={(event) => setCoin(event.currentTarget.value)}><option value="">Any</option>{coins.value.map((one) => <option key={one.code}>{one.code}</option>)}</select></label>
      <label class="inline">Sort <select value={shown} onChange={(event) => turn(event.currentTarget.value)}>{ORDERS.map(([name, label]) => <option key={name} value={name}>{label}</option>)}</select></label>
      <label class="inline">Show <select value={closed} onChange={(event) => setClosed(event.currentTarget.value)}><option value="">Open users</option><option value="true">Closed ones too</option></select></label>
    </div>
    <Card class={page.isLoading ? "is-loading" : ""}><Shown of={page} rows={8}>{({ users, next_cursor }) => users.length === 0
      ? <Empty title={rested ? "No user is found" : "No users"}>{rested ? "Try a shorter part of the id or the name. Case and accents make no difference." : "Users appear here when they are made."}</Empty>
      : <><Table caption="Users" rows={users} rowKey={(user) => user.id} columns={[
        { head: "Name", class: "wide", cell: (user) => <a class="name-link" href={to.user(user.id)}>{user.name ? <Name text={user.name} /> : <span class="muted">no name</span>}</a> },
        { head: "Id", class: "wide", sort: sort("id", "id", "-id"), cell: (user) => <Name class="id" text={user.id} /> },
        { head: coin ? "Balance" : "Coins", end: true, sort: sort("balance", "-balance", "balance"), cell: (user) => { const all = Object.entries(user.coins); return all.length === 0 ? <span class="muted">none</span> : <span class="coin-list">{all.map(([code, value]) => <Amount key={code} value={value} coin={code} />)}</span>; } },
      ]} />{pager(next_cursor)}</>}</Shown></Card>
  </>;
}
