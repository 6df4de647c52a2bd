// What is around every page: navigation, search, banners.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { apiKey, away } from "../api/client";
import { Dialogs, Toasts } from "../actions/dialog";
import { count } from "../format";
import { Icon, Name } from "../parts/basics";
import { go, route, to } from "../state/route";
import { isGroup, lastEvent, may, own, signOut, version } from "../state/session";
import { isDark, toggleTheme } from "../state/theme";
import { Mark } from "./signin";

function links(): [string, string, string, string][] {
  const all: [string, string, string, string][] = [["overview", "Overview", to.overview(), ""], ["users", "Users", to.users(), "users"], ["events", "Events", to.events(), "events"],
    ["holds", "Holds", to.holds(), "holds"], ["schedules", "Schedules", to.schedules(), "schedules"], ["coins", "Coins", to.coins(), "coins"], ["webhooks", "Webhooks", to.webhooks(), "webhooks"]];
  if (may("admin")) all.push(["keys", "Keys", to.keys(), "keys"]);
  if (isGroup.value) all.push(["group", "Group", to.group(), "group"]);
  return all;
}

export function Shell({ children }: { children: ComponentChildren }): JSX.Element {
  const search = useRef<HTMLInputElement>(null);
  const [isOpen, setOpen] = useState(false);
  const here = route.value.segments[0] ?? "";
  const main = useRef<HTMLElement>(null);
  const address = route.value.segments.join("/");
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      const types = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable;
      if (event.key === "/" && !types && !event.ctrlKey && !event.metaKey && !event.altKey && !document.querySelector("dialog[open]")) {
        event.preventDefault();
        (document.querySelector<HTMLInputElement>("#user-search") ?? search.current)?.focus();
      }
      if (event.key === "Escape") setOpen(false);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  const isFirst = useRef(true);
  useEffect(() => {
    setOpen(false);
    if (isFirst.current) { isFirst.current = false; return; }
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [address]);
  const find = (): void => {
    const text = search.current?.value.trim();
    if (search.current) search.current.value = "";
    go(to.users(text));
  };
  return <div class="shell">
    <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>Skip to the content</a>
    <header class="top">
      <button type="button" class="icon-button menu-button" aria-label="Menu" aria-expanded={isOpen} aria-controls="nav" onClick={() => setOpen(!isOpen)}><Icon name={isOpen ? "close" : "menu"} /></button>
      <a class="brand" href={to.overview()} aria-label="Tocos, overview"><Mark /><span>Tocos</span></a>
      {!(here === "users" && route.value.segments.length === 1) && <form class="top-search" role="search" aria-label="Users" onSubmit={(event) => { event.preventDefault(); find(); }}>
        <Icon name="search" /><input ref={search} type="search" aria-label="Find a user" placeholder="Find a user" dir="auto" /><kbd aria-hidden="true">/</kbd></form>}
      <div class="top-end">
        <span class={away.value === null ? "pulse" : "pulse off"} title={`Event ${count(lastEvent.value)}`}><i />{away.value === null ? "Live" : "Away"}</span>
        <button type="button" class="icon-button" aria-label={isDark.value ? "Light theme" : "Dark theme"} onClick={toggleTheme}><Icon name={isDark.value ? "sun" : "moon"} /></button>
      </div>
    </header>
    <nav id="nav" class={isOpen ? "side open" : "side"} aria-label="Main">
      <ul>{links().map(([icon, label, address, first]) => <li key={label}><a href={address} aria-current={here === first ? "page" : undefined}><Icon name={icon} />{label}</a></li>)}</ul>
      <div class="side-end">
        <a href="/docs" target="_blank" rel="noreferrer">API documentation</a>
        <span class="muted">Tocos {version.value}</span>
        {own.value?.id === null ? <span class="muted">No API keys yet: open on this machine.</span> : <>
          <span class="muted">Key <Name text={own.value?.name || `${own.value?.id}`} />, may {own.value?.right}</span>
          {apiKey.value && <button type="button" class="link" onClick={() => signOut()}><Icon name="out" />Sign out</button>}</>}
      </div>
    </nav>
    <main id="main" ref={main} tabIndex={-1}>
      {away.value !== null && <div class="banner" role="alert"><strong>The service is away.</strong> <span>{away.value} What you see may be old. This page goes on by itself.</span></div>}
      {children}
    </main>
    <Dialogs /><Toasts />
  </div>;
}
