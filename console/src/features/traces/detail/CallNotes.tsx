import { attributeOf, type Span } from "@/features/traces/detail/queries";
import { formatDateTime } from "@/shared/format/time";

/** What happened to a call beside its answer: a translation, another version of the model. */
export function CallNotes({ call, spans }: { call: Span; spans: readonly Span[] }) {
  const notes = [
    ...translations(call, spans),
    ...call.events.map((event) => changeOf(call, event)),
  ];
  if (notes.length === 0) return null;
  return (
    <ul aria-label="Notes" className="flex flex-col gap-0.5 pt-2 text-xs text-ink-2">
      {notes.map((note) => (
        <li key={note} className="break-words">
          {note}
        </li>
      ))}
    </ul>
  );
}

/** One sentence for each attempt whose request was changed. */
export function translations(call: Span, spans: readonly Span[]): string[] {
  return spans
    .filter((span) => span.parent_span_id === call.span_id && span.kind === "attempt")
    .map((attempt) => {
      const changes = (["dropped", "changed", "fetched"] as const).flatMap((kind) => {
        const fields: unknown = attempt.attributes[`penstock.translation.${kind}`];
        return Array.isArray(fields) ? [`${kind} ${fields.join(", ")}`] : [];
      });
      return changes.length > 0 ? `Translation: ${changes.join("; ")}.` : "";
    })
    .filter((note) => note !== "");
}

/** Names both versions, and the time of the last call that the other one answered. */
export function changeOf(call: Span, event: Span["events"][number]): string {
  const before = (name: string) => event.attributes[`penstock.previous.${name}`] ?? "";
  const now = version(
    attributeOf(call, "gen_ai.response.model"),
    attributeOf(call, "openai.response.system_fingerprint"),
  );
  const at = formatDateTime(before("time"));
  return `Another version of the model answered: ${now}, before ${version(before("model"), before("fingerprint"))} (${at}).`;
}

function version(model: string, fingerprint: string): string {
  return fingerprint ? `${model} / ${fingerprint}` : model;
}
