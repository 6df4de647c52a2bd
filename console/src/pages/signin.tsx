// Signing in with an API key.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Away, Problem } from "../api/client";
import { Button } from "../parts/basics";
import { phase, reason, signIn, start } from "../state/session";

export function SignIn(): JSX.Element {
  const [key, setKey] = useState("");
  const [stays, setStays] = useState(false);
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    if (!key.trim() || isBusy) return;
    setBusy(true);
    setProblem("");
    try {
      await signIn(key.trim(), stays);
    } catch (error) {
      setProblem(error instanceof Problem || error instanceof Away ? error.message : String(error));
    }
    setBusy(false);
  };
  const words = problem || reason.value;
  return <main class="signin">
    <div class="signin-card card">
      <div class="brand"><Mark /><h1>Tocos</h1></div>
      {phase.value === "refused" ? <>
        <div class="notice bad" role="alert"><strong>The console can’t be used from here</strong><p>{reason.value}</p></div>
        <Button onClick={() => { phase.value = "starting"; void start(); }}>Try again</Button>
      </> : <form onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        <p class="muted">Sign in with an API key. It decides what you can see and do.</p>
        <div class="field"><label class="label" for="key">API key</label>
          <input id="key" type="password" autocomplete="off" spellcheck={false} placeholder="tocos_…" value={key} aria-invalid={!!problem} aria-describedby="key-about" autofocus onInput={(event) => setKey(event.currentTarget.value)} />
          <small id="key-about" class={words ? "error" : ""} role={words ? "alert" : undefined}>{words || "Operators make keys with tocos key create."}</small></div>
        <label class="field check"><input type="checkbox" checked={stays} onChange={(event) => setStays(event.currentTarget.checked)} /><span>Stay signed in on this device<small>Otherwise the key is forgotten with this tab.</small></span></label>
        <Button type="submit" kind="primary" disabled={!key.trim() || isBusy}>{isBusy ? "Signing in…" : "Sign in"}</Button>
      </form>}
    </div>
  </main>;
}

export const Mark = (): JSX.Element => <svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><circle cx="13" cy="18" r="10" class="mark-back" /><circle cx="19" cy="14" r="10" class="mark-front" /><path d="M15 10.5h8M19 10.5v8" /></svg>;
