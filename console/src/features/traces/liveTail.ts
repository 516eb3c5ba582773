import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { api, data } from "@/shared/api/client";
import { callKeys } from "@/shared/calls/queries";
import { useProjectId } from "@/shared/session";

const POLL_MS = 1000;
const PAGE_LIMIT = 500;

/** While `live`, polls for new calls every second and refreshes lists and totals when any arrive. */
export function useLiveTail(live: boolean): void {
  const projectId = useProjectId();
  const queries = useQueryClient();
  useEffect(() => {
    if (!live) return;
    const controller = new AbortController();
    void poll(projectId, controller.signal, async () => {
      void queries.invalidateQueries({ queryKey: callKeys.overviews(projectId) });
      void queries.invalidateQueries({ queryKey: callKeys.latest(projectId) });
      await queries.invalidateQueries({ queryKey: callKeys.lists(projectId) });
    });
    return () => controller.abort();
  }, [live, projectId, queries]);
}

async function poll(
  projectId: string,
  signal: AbortSignal,
  onNewCalls: () => Promise<void>,
): Promise<void> {
  let after = await newestCursor(projectId, signal);
  await onNewCalls(); // calls may have arrived between the list's request and this one
  while (!signal.aborted) {
    await sleep(POLL_MS);
    if (document.hidden) continue;
    const next = await newestCursor(projectId, signal, after);
    if (next !== after) await onNewCalls();
    after = next;
  }
}

/** The cursor of the newest call; `after` itself without new calls or if the request fails. */
async function newestCursor(projectId: string, signal: AbortSignal, after = ""): Promise<string> {
  const query = { project_id: projectId, after, limit: after ? PAGE_LIMIT : 1 };
  try {
    const page = await data(api.GET("/api/v1/traces/tail", { params: { query }, signal }));
    return page.next_cursor ?? after;
  } catch {
    return after;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
