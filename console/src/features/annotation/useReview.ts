import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";

import {
  putLabel,
  reserve,
  withdrawLabel,
  type Label,
  type ReviewedItem,
} from "@/features/annotation/queries";

const AHEAD = 3;

export interface Review {
  item: ReviewedItem | undefined;
  /** The number of labels and skips that were sent since the page was opened. */
  sent: number;
  loading: boolean;
  error: unknown;
  move: (by: 1 | -1) => void;
  send: (label: Label) => Promise<boolean>;
  /** Takes back the label that was sent last. */
  undo: () => Promise<void>;
}

/** The items that the annotator goes through: those seen, and some ahead, which are reserved. */
export function useReview(projectId: string, name: string): Review {
  const client = useQueryClient();
  const [items, setItems] = useState<readonly ReviewedItem[]>([]);
  const [at, setAt] = useState(0);
  const [sent, setSent] = useState<readonly string[]>([]);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const busy = useRef(false);

  const load = useCallback(
    () =>
      reserve(projectId, name, AHEAD)
        .then(({ items: found }) =>
          setItems((known) => {
            const ids = new Set(known.map(({ id }) => id));
            return [...known, ...found.filter(({ id }) => !ids.has(id))];
          }),
        )
        .catch(setError)
        .finally(() => setLoading(false)),
    [projectId, name],
  );
  useEffect(() => void load(), [load]);

  const replace = (changed: ReviewedItem) =>
    setItems((known) =>
      known.map((each) =>
        each.id === changed.id ? { ...each, label: changed.label, decided: changed.decided } : each,
      ),
    );

  const attempt = async (action: () => Promise<void>): Promise<boolean> => {
    if (busy.current) return false;
    busy.current = true;
    try {
      setError(null);
      await action();
      return true;
    } catch (failure) {
      setError(failure);
      return false;
    } finally {
      busy.current = false;
    }
  };

  const item = items[at];
  return {
    item,
    sent: sent.length,
    loading: loading && !item,
    error,
    move: (by) => setAt((now) => Math.min(items.length, Math.max(0, now + by))),
    send: (label) =>
      attempt(async () => {
        if (!item) return;
        replace(await putLabel(projectId, name, item.id, label));
        setSent((ids) => [...ids.filter((id) => id !== item.id), item.id]);
        setAt(at + 1);
        void client.invalidateQueries({ queryKey: ["annotation", projectId] });
        if (items.length - at <= AHEAD) void load();
      }),
    undo: async () => {
      const last = sent.at(-1);
      if (!last) return;
      await attempt(async () => {
        replace(await withdrawLabel(projectId, name, last));
        setSent(sent.slice(0, -1));
        setAt(items.findIndex(({ id }) => id === last));
      });
    },
  };
}
