import { useLayoutEffect, useRef } from "react";

const SEQUENCE_MS = 900;
/** The first key of sequences; the next key then has no meaning of its own. */
const LEADER = "g";

/** Runs the action of a pressed key (`j`, `/`, `?`) or sequence (`g o`). Ignores keys typed into
 * fields, and keys with Ctrl, Alt or ⌘. Keys work as soon as what they act on is on the screen. */
export function useShortcuts(actions: Record<string, () => void>): void {
  const latest = useRef(actions);
  useLayoutEffect(() => {
    latest.current = actions;
  });
  useLayoutEffect(() => {
    const sequence = { first: "", at: 0 };
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target)) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const inTime = event.timeStamp - sequence.at < SEQUENCE_MS;
      const keys = inTime && sequence.first === LEADER ? `${LEADER} ${event.key}` : event.key;
      sequence.first = event.key;
      sequence.at = event.timeStamp;
      const action = latest.current[keys];
      if (!action) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}

/** Runs an action on Ctrl+K or ⌘K, also while the user types. */
export function usePaletteKey(action: () => void): void {
  const latest = useRef(action);
  useLayoutEffect(() => {
    latest.current = action;
  });
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
