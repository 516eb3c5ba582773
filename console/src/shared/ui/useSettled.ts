import { useEffect, useState } from "react";

const PAUSE_MS = 400;

/** A value that changes while the user types, once typing pauses. `key`: what tells values apart. */
export function useSettled<T>(value: T, key: string): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for the value
  }, [key]);
  return settled;
}
