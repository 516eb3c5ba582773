import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";

import { exchange, type Exchange, type Wanted } from "@/features/playground/request/exchange";
import { ExchangeView } from "@/features/playground/request/ExchangeView";
import { canSend } from "@/features/playground/request/files";
import { parseBody } from "@/features/playground/request/json";
import {
  bodyText,
  RequestForm,
  type RequestDraft,
} from "@/features/playground/request/RequestForm";
import { type Surface, SURFACES } from "@/features/playground/request/surfaces";
import { chatModel, modelsQuery } from "@/shared/exampleCalls";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

/** Sends one request in any format, and shows what went over the wire on both sides. */
export function RequestPage() {
  const models = useQuery(modelsQuery(useProjectId()));
  return (
    <QueryContent query={models}>
      {(found) => <RequestTester model={chatModel(found) ?? ""} />}
    </QueryContent>
  );
}

function RequestTester({ model }: { model: string }) {
  const projectId = useProjectId();
  const [draft, setDraft] = useState<RequestDraft>({
    surface: SURFACES[0] as Surface,
    model,
    stream: true,
    keyId: "",
    texts: {},
  });
  const { found, send, stop } = useExchange();
  const path = draft.surface.path(draft.model, draft.stream);
  const body = parseBody(bodyText(draft));
  const needsFile = draft.surface.file !== undefined;
  const file = needsFile ? draft.file : undefined;
  const isReady = draft.keyId && draft.model && (!needsFile || canSend(file));
  return (
    <Page
      title="Request tester"
      actions={
        <>
          <Link
            to="/projects/$projectId/playground"
            params={{ projectId }}
            className={LINK_BUTTON_CLASSES}
          >
            Playground
          </Link>
          {found?.busy ? (
            <Button onClick={stop}>Stop</Button>
          ) : (
            <Button
              kind="primary"
              disabled={!isReady || body instanceof Error}
              onClick={() => {
                if (body instanceof Error) return;
                send({ project_id: projectId, key_id: draft.keyId, path, body, file });
              }}
            >
              Send
            </Button>
          )}
        </>
      }
    >
      <p className="mb-4 font-mono text-xs break-all text-ink-2">
        POST {path}
        {needsFile && <span className="ml-2 inline-block text-ink-3">multipart/form-data</span>}
      </p>
      <div className="grid gap-x-8 gap-y-6 lg:grid-cols-[minmax(0,26rem)_minmax(0,1fr)]">
        <RequestForm draft={draft} onChange={setDraft} />
        {found ? (
          <ExchangeView found={found} />
        ) : (
          <EmptyState title="No request sent yet">
            The answer appears here as it arrives, and below it what the gateway sent to the
            provider.
          </EmptyState>
        )}
      </div>
    </Page>
  );
}

/** The request in progress or the last one. A new one ends it. */
function useExchange() {
  const [found, setFound] = useState<Exchange>();
  const control = useRef<AbortController>(undefined);
  useEffect(() => () => control.current?.abort(), []);
  const send = (wanted: Omit<Wanted, "signal">) => {
    control.current?.abort();
    const { signal } = (control.current = new AbortController());
    void exchange({ ...wanted, signal }, setFound);
  };
  const stop = () => {
    control.current?.abort();
    setFound((before) => before && { ...before, busy: false, error: "Stopped." });
  };
  return { found, send, stop };
}
