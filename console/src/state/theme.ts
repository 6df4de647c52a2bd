// Light or dark: as the system says, or as was chosen.
import { signal } from "@preact/signals";

const NAME = "tocos-theme";
type Theme = "system" | "light" | "dark";

function stored(): Theme {
  try {
    const found = localStorage.getItem(NAME);
    return found === "light" || found === "dark" ? found : "system";
  } catch { return "system"; }
}

const system = matchMedia("(prefers-color-scheme: dark)");
export const theme = signal<Theme>(stored());
/** What is shown; charts are drawn again when it changes. */
export const isDark = signal(false);

function show(): void {
  isDark.value = theme.value === "dark" || (theme.value === "system" && system.matches);
  document.documentElement.dataset["theme"] = isDark.value ? "dark" : "light";
}

export function toggleTheme(): void {
  theme.value = isDark.value ? "light" : "dark";
  try { localStorage.setItem(NAME, theme.value); } catch { /* It then holds for this page. */ }
  show();
}

system.addEventListener("change", show);
show();
