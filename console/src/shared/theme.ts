import { useSyncExternalStore } from "react";

export type ThemeChoice = "system" | "light" | "dark";

const KEY = "penstock.theme";
const CHANGED = "penstock:theme";
const systemDark = () => window.matchMedia("(prefers-color-scheme: dark)");

/** The user's choice; `system` without one. */
export function themeChoice(): ThemeChoice {
  const chosen = localStorage.getItem(KEY);
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

export function chooseTheme(choice: ThemeChoice): void {
  if (choice === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, choice);
  applyTheme();
}

/** Applies the theme to the page (`public/theme.js` applies it before the first paint). */
function applyTheme(): void {
  const choice = themeChoice();
  const dark = choice === "dark" || (choice === "system" && systemDark().matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  window.dispatchEvent(new Event(CHANGED));
}

/** Follows the system theme unless the user chose another. Returns a function that stops it. */
export function followSystemTheme(): () => void {
  const media = systemDark();
  media.addEventListener("change", applyTheme);
  return () => media.removeEventListener("change", applyTheme);
}

function subscribe(onChange: () => void): () => void {
  window.addEventListener(CHANGED, onChange);
  return () => window.removeEventListener(CHANGED, onChange);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice);
}

/** Whether the dark theme is active; for content drawn without CSS, such as charts. */
export function useDark(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => document.documentElement.dataset["theme"] === "dark",
  );
}
