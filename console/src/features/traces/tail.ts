import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { api, data } from "@/shared/api/client";
import { callKeys } from "@/shared/calls/queries";
import { useProjectId } from "@/shared/session";

const EVERY_MS = 1000;
const AT_MOST = 500;

/** While `live`: asks each second what has arrived, and renews lists and sums if anything has. */
export function useTail(live: boolean): void {
  const projectId = useProjectId();
  const queries = useQueryClient();
  useEffect(() => {
    if (!live) return;
    const stopping = new AbortController();
    void follow(projectId, stopping.signal, async () => {
      void queries.invalidateQueries({ queryKey: callKeys.overviews(projectId) });
      void queries.invalidateQueries({ queryKey: callKeys.latest(projectId) });
      await queries.invalidateQueries({ queryKey: callKeys.lists(projectId) });
    });
    return () => stopping.abort();
  }, [live, projectId, queries]);
}

async function follow(
  projectId: string,
  stopping: AbortSignal,
  arrived: () => Promise<void>,
): Promise<void> {
  let after = await latest(projectId, stopping);
  while (!stopping.aborted) {
    await pause(EVERY_MS);
    if (document.hidden) continue;
    const next = await latest(projectId, stopping, after);
    if (next !== after) await arrived();
    after = next;
  }
}

/** Where the tail stands behind `after`; the same again while nothing arrives or answers. */
async function latest(projectId: string, signal: AbortSignal, after = ""): Promise<string> {
  const query = { project_id: projectId, after, limit: after ? AT_MOST : 1 };
  try {
    const page = await data(api.GET("/api/v1/traces/tail", { params: { query }, signal }));
    return page.next_cursor ?? after;
  } catch {
    return after;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
