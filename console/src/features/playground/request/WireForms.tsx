import type { Exchange, SentAttempt } from "@/features/playground/request/exchange";
import { Payload } from "@/features/playground/request/Payload";
import { withoutPictures } from "@/features/playground/request/pictures";
import { Notice } from "@/shared/ui/Notice";

/** What the gateway sent for each attempt: built again, and compared with the digest of what went
 * out. */
export function SentAttempts({ found }: { found: Exchange }) {
  if (!found.attempts) return <Waiting found={found} />;
  if (found.attempts.length === 0) {
    return <p className="text-sm text-ink-3">Nothing was sent to a provider.</p>;
  }
  return (
    <div className="flex flex-col gap-6">
      {found.attempts.map((attempt) => (
        <Sent key={attempt.span.span_id} attempt={attempt} />
      ))}
    </div>
  );
}

function Sent({ attempt: { span, sent, reason } }: { attempt: SentAttempt }) {
  if (!sent) return <Notice tone="warn">{reason}</Notice>;
  const head = [`${sent.method} ${sent.url}`, ...sent.headers].join("\n");
  return (
    <article aria-label={`Attempt ${span.span_id}`} className="flex flex-col gap-3">
      <p className="text-sm">
        <span className="font-medium">
          {sent.provider}/{sent.model}
        </span>
        {sent.changes.length > 0 && (
          <span className="text-ink-3"> · translation: {sent.changes.join(", ")}</span>
        )}
      </p>
      <Payload name="Head" text={head} />
      <Payload name="Body" text={sent.body || sent.body_base64} />
    </article>
  );
}

/** The provider's answer as the record of the call has it: a stream as one document. */
export function ProviderAnswer({ found }: { found: Exchange }) {
  if (!found.call) return <Waiting found={found} />;
  const text = found.call.response;
  if (!text) return <p className="text-sm text-ink-3">Not recorded.</p>;
  return <Payload name="As recorded" text={withoutPictures(text).text} />;
}

function Waiting({ found }: { found: Exchange }) {
  const waits = found.busy || (found.traceId && !found.attempts && !found.error);
  return (
    <p className="text-sm text-ink-3">
      {waits ? "Waiting for the record of the call…" : "The call has no record."}
    </p>
  );
}
