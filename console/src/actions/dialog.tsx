// One dialog for all that can be done: a form, what it would do in plain words, and one confirmation under one idempotency key.
import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Away, Problem, away } from "../api/client";
import { stringify } from "../api/json";
import type { LedgerEvent, Right } from "../api/types";
import { apply, dryRun, Keyring, type WriteRequest } from "../api/write";
import { Button, EventLink, Icon, Skeleton } from "../parts/basics";
import { loadCoins } from "../state/coins";
import { touch } from "../state/pulse";
import { useRested } from "../state/query";
import { headline, EventWords } from "../words";
import { FieldRow, Reader, type Field, type Form } from "./fields";

export interface Action {
  title: ComponentChildren;
  /** What the button of the confirmation says. */
  verb: string;
  right: Right;
  isDangerous?: boolean;
  about?: ComponentChildren;
  initial?: Form;
  fields: Field[];
  request: (read: Reader, form: Form) => WriteRequest;
  /** Instead of the words for the event. */
  preview?: (event: LedgerEvent) => ComponentChildren;
  /** There is no dry run of it. */
  isBlind?: boolean;
  done?: (event: LedgerEvent) => void;
}

const open = signal<{ action: Action; number: number } | null>(null);
let opened = 0;

export function begin(action: Action): void { open.value = { action, number: ++opened }; }

interface Toast { id: number; event: LedgerEvent }
export const toasts = signal<Toast[]>([]);

function say(event: LedgerEvent): void {
  const toast = { id: ++opened, event };
  toasts.value = [...toasts.value.slice(-2), toast];
  setTimeout(() => { toasts.value = toasts.value.filter((other) => other !== toast); }, 8_000);
}

export const Toasts = (): JSX.Element => <div class="toasts" role="status" aria-live="polite">
  {toasts.value.map(({ id, event }) => <div class="toast" key={id}><span><strong>Done.</strong> {headline(event)}.</span>{event.event !== undefined && <EventLink event={event.event}>Event {event.event}</EventLink>}</div>)}
</div>;

interface Preview { text: string; event?: LedgerEvent; problem?: Problem }

const sleep = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms); });

export function ProblemWords({ problem }: { problem: Problem }): JSX.Element {
  return <div class="notice bad" role="alert"><strong>{problem.title}</strong><p dir="auto">{problem.message}</p></div>;
}

function ActionDialog({ action }: { action: Action }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const keyring = useMemo(() => new Keyring(), []);
  const [form, setForm] = useState<Form>(() => ({ ...action.initial }));
  const [preview, setPreview] = useState<Preview | null>(null);
  const [sending, setSending] = useState<"" | "sending" | "retrying">("");
  const [refused, setRefused] = useState<Problem | null>(null);
  const isClosed = useRef(false);
  // A second click may come before the button is drawn as disabled.
  const isSending = useRef(false);

  const fields = action.fields.filter((field) => !field.shown || field.shown(form));
  const { request, errors } = useMemo(() => {
    const shown: Form = { ...action.initial };
    for (const [name, value] of Object.entries(form)) {
      const field = action.fields.find((field) => field.name === name);
      shown[name] = field?.shown && !field.shown(form) ? "" : value;
    }
    const read = new Reader(shown);
    const request = action.request(read, shown);
    return { request, errors: read.errors };
  }, [form]);
  const isComplete = Object.keys(errors).length === 0;
  const text = isComplete ? `${request.method} ${request.path} ${stringify(request.body ?? null)}` : "";
  const rested = useRested(text, 150);
  const isBack = away.value === null;

  useEffect(() => {
    const opener = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    if (dialog.current && !dialog.current.open) dialog.current.showModal();
    const first = dialog.current?.querySelector<HTMLElement>(".fields input:not([type=radio]), .fields select");
    first?.focus();
    return () => {
      isClosed.current = true;
      if (opener?.isConnected) opener.focus();
    };
  }, []);

  useEffect(() => {
    if (!rested || rested !== text || action.isBlind || !isBack) return undefined;
    const control = new AbortController();
    dryRun<LedgerEvent>(request, control.signal).then(
      (event) => setPreview({ text: rested, event }),
      (error: unknown) => { if (error instanceof Problem) setPreview({ text: rested, problem: error }); },
    );
    return () => control.abort();
  }, [rested, text, isBack]);

  const set = (name: string, value: string): void => { setRefused(null); setForm((before) => ({ ...before, [name]: value })); };
  const close = (): void => { isClosed.current = true; open.value = null; };
  const current = preview?.text === text ? preview : null;
  const canConfirm = isComplete && !sending && (action.isBlind || current?.event !== undefined);

  const confirm = async (): Promise<void> => {
    if (isSending.current || !canConfirm) return;
    isSending.current = true;
    setSending("sending");
    setRefused(null);
    const key = keyring.keyOf(request);
    // Until there is an answer: under the same key it is done once, however often it is sent.
    while (!isClosed.current) {
      try {
        const event = await apply<LedgerEvent>(request, key);
        open.value = null;
        // Before anything is loaded again: it may be the first key.
        action.done?.(event);
        touch();
        if (event.kind === "coin") loadCoins().catch(() => undefined);
        if (event.kind) say(event);
        return;
      } catch (error) {
        if (error instanceof Away || (error instanceof Problem && error.status >= 500 && error.retryable)) {
          setSending("retrying");
          await sleep(1_000);
        } else {
          if (error instanceof Problem) setRefused(error);
          break;
        }
      }
    }
    isSending.current = false;
    setSending("");
  };

  const row = (field: Field): JSX.Element => <FieldRow key={field.name} field={field} form={form} error={errors[field.name] ?? ""} set={(value) => set(field.name, value)} />;
  const more = fields.filter((field) => field.more);
  return <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" onCancel={(event) => { event.preventDefault(); close(); }} onClick={(event) => { if (event.target === dialog.current) close(); }}>
    <form class="dialog-body" method="dialog" novalidate onSubmit={(event) => { event.preventDefault(); void confirm(); }}>
      <header class="dialog-head"><h2 id="dialog-title">{action.title}</h2><button type="button" class="icon-button" aria-label="Close" onClick={close}><Icon name="close" /></button></header>
      {action.about && <div class="muted">{action.about}</div>}
      <div class="fields">
        {fields.filter((field) => !field.more).map(row)}
        {more.length > 0 && <details class="more"><summary>More</summary><div class="fields">{more.map(row)}</div></details>}
      </div>
      {!action.isBlind && <div class="preview" aria-live="polite" aria-busy={isComplete && !current}>
        <h3>What this does</h3>
        {!isComplete ? <p class="muted">Fill in the form to see it.</p>
          : current?.problem ? <ProblemWords problem={current.problem} />
          : current?.event ? (action.preview?.(current.event) ?? <EventWords event={current.event} isPreview />)
          : isBack ? <Skeleton rows={2} /> : <p class="muted">The service is away. This goes on when it is back.</p>}
      </div>}
      {refused && <ProblemWords problem={refused} />}
      {sending === "retrying" && <div class="notice warn" role="status"><strong>No answer yet</strong><p>It is sent again under the same idempotency key until there is one. It is done once at most.</p></div>}
      <footer class="dialog-foot">
        <Button onClick={close}>Cancel</Button>
        <Button type="submit" kind={action.isDangerous ? "danger" : "primary"} disabled={!canConfirm}>{sending ? "Working…" : action.verb}</Button>
      </footer>
    </form>
  </dialog>;
}

export const Dialogs = (): JSX.Element | null => open.value && <ActionDialog key={open.value.number} action={open.value.action} />;
