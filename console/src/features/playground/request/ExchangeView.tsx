import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { Exchange } from "@/features/playground/request/exchange";
import { ProviderAnswer, SentAttempts } from "@/features/playground/request/WireForms";
import { AnswerFile, Pictures } from "@/features/playground/request/Media";
import { Payload } from "@/features/playground/request/Payload";
import { formatBytes } from "@/shared/format/number";
import { formatDuration } from "@/shared/format/time";
import { useProjectId } from "@/shared/session";
import { Fact, Facts } from "@/shared/ui/Facts";
import { Notice } from "@/shared/ui/Notice";
import { Tabs } from "@/shared/ui/Tabs";

/** The answer of a request, what the gateway sent for it, and what the provider answered. */
export function ExchangeView({ found }: { found: Exchange }) {
  const [tab, setTab] = useState("answer");
  return (
    <section aria-label="Answer" aria-busy={found.busy} className="flex min-w-0 flex-col gap-4">
      <ExchangeFacts found={found} />
      {found.error && <Notice tone="danger">{found.error}</Notice>}
      <Tabs
        label="Wire forms"
        value={tab}
        onChange={setTab}
        tabs={[
          { id: "answer", label: "Answer", content: <Answer found={found} /> },
          { id: "sent", label: "Sent to provider", content: <SentAttempts found={found} /> },
          { id: "got", label: "Provider's answer", content: <ProviderAnswer found={found} /> },
        ]}
      />
    </section>
  );
}

function ExchangeFacts({ found }: { found: Exchange }) {
  const projectId = useProjectId();
  return (
    <Facts label="Facts">
      <Fact name="Status">
        <span className={found.status >= 400 ? "text-danger" : ""}>
          {found.status || (found.busy ? "…" : "–")}
        </span>
      </Fact>
      {found.headersMs > 0 && <Fact name="Headers after">{formatDuration(found.headersMs)}</Fact>}
      {found.totalMs > 0 && <Fact name="Total">{formatDuration(found.totalMs)}</Fact>}
      {found.size > 0 && <Fact name="Size">{formatBytes(found.size)}</Fact>}
      {found.call && (
        <Fact name="Span">
          <Link
            to="/projects/$projectId/traces/$traceId"
            params={{ projectId, traceId: found.traceId }}
            search={{ span: found.call.span_id }}
            className="font-mono text-accent hover:underline"
          >
            {found.call.span_id}
          </Link>
        </Fact>
      )}
    </Facts>
  );
}

function Answer({ found }: { found: Exchange }) {
  return (
    <div className="flex flex-col gap-4">
      {found.headers.length > 0 && (
        <Payload name="Headers" text={found.headers.map((pair) => pair.join(": ")).join("\n")} />
      )}
      <Pictures pictures={found.pictures} />
      <AnswerContent found={found} />
    </div>
  );
}

function AnswerContent({ found: { file, body, cut, busy } }: { found: Exchange }) {
  if (file) return <AnswerFile file={file} />;
  if (body) return <Payload name="Body" text={body} cut={cut} />;
  return (
    <p className="text-sm text-ink-3">
      {busy ? "Waiting for the answer…" : cut ? "It is too long to be shown." : "Empty."}
    </p>
  );
}
