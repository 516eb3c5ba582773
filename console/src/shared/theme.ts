import { useSyncExternalStore } from "react";

export type ThemeChoice = "system" | "light" | "dark";

const KEY = "penstock.theme";
const CHANGED = "penstock:theme";
const systemDark = () => window.matchMedia("(prefers-color-scheme: dark)");

/** What the person chose; the system decides unless they did. */
export function themeChoice(): ThemeChoice {
  const chosen = localStorage.getItem(KEY);
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

export function chooseTheme(choice: ThemeChoice): void {
  if (choice === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, choice);
  applyTheme();
}

/** Draws the page in the theme in force (`public/theme.js` does it before the first paint). */
function applyTheme(): void {
  const choice = themeChoice();
  const dark = choice === "dark" || (choice === "system" && systemDark().matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  window.dispatchEvent(new Event(CHANGED));
}

/** Follows the system's theme while nobody chose another. Gives the way to stop. */
export function followSystemTheme(): () => void {
  const media = systemDark();
  media.addEventListener("change", applyTheme);
  return () => media.removeEventListener("change", applyTheme);
}

function subscribe(changed: () => void): () => void {
  window.addEventListener(CHANGED, changed);
  return () => window.removeEventListener(CHANGED, changed);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice);
}

/** The theme in force; for what is drawn without CSS, such as charts. */
export function useDark(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => document.documentElement.dataset["theme"] === "dark",
  );
}
