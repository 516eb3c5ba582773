import { Wrench } from "lucide-react";
import { useMemo, type ReactNode } from "react";

import { inlineImage } from "@/features/traces/detail/media";
import type { DisplayPart, Source } from "@/features/traces/detail/messages";
import type { Span } from "@/features/traces/detail/queries";
import { Badge } from "@/shared/ui/Badge";
import { cx } from "@/shared/ui/classes";

interface PartProps {
  part: DisplayPart;
  span: Span;
}

/** One part of a message. */
export function PartView({ part, span }: PartProps) {
  switch (part.kind) {
    case "text":
      return (
        <>
          {part.json === undefined ? (
            <Paragraph>{part.text}</Paragraph>
          ) : (
            <JsonBlock value={part.json} />
          )}
          {part.sources && <Sources sources={part.sources} />}
        </>
      );
    case "refusal":
      return <Paragraph className="text-danger">{part.text}</Paragraph>;
    case "reasoning":
      return <Reasoning text={part.text} />;
    case "media":
      return <MediaPart part={part} span={span} />;
    default:
      return <ToolPart part={part} span={span} />;
  }
}

/** Providers may keep their reasoning to themselves. */
function Reasoning({ text }: { text: string | undefined }) {
  if (!text) return <p className="text-xs text-ink-3">Reasoning, not shown by the provider</p>;
  return (
    <details className="border-l-2 border-line-strong pl-3 text-ink-2">
      <summary className="cursor-pointer text-xs text-ink-3">Reasoning</summary>
      <Paragraph>{text}</Paragraph>
    </details>
  );
}

function MediaPart({ part, span }: PartProps) {
  const { text = "", mimeType, title } = part;
  const image = useMemo(() => inlineImage(span, text, mimeType), [span, text, mimeType]);
  if (image === null) {
    return <p className="font-mono text-xs break-all text-ink-2">{`${title}: ${text}`}</p>;
  }
  return (
    <figure>
      <img
        src={image}
        alt={`Inline ${title}`}
        className="max-h-60 max-w-full rounded-md border border-line"
      />
      <figcaption className="pt-1 font-mono text-2xs break-all text-ink-3">{text}</figcaption>
    </figure>
  );
}

function ToolPart({ part, span }: PartProps) {
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex items-center gap-2 text-xs">
        <Wrench size={12} className="shrink-0 text-ink-3" />
        <span className="font-medium">{part.title || part.kind}</span>
        {part.isError && <Badge tone="danger">error</Badge>}
        <span className="truncate font-mono text-2xs text-ink-3">{part.id}</span>
      </div>
      {part.parts ? (
        part.parts.map((inner, index) => <PartView key={index} part={inner} span={span} />)
      ) : (
        <JsonBlock value={part.json} />
      )}
    </div>
  );
}

function Sources({ sources }: { sources: readonly Source[] }) {
  return (
    <ul aria-label="Sources" className="flex flex-col gap-0.5 text-xs break-words text-ink-3">
      {sources.map((source, index) => (
        <li key={index}>
          {[source.title, source.url, source.cited_text && `“${source.cited_text}”`]
            .filter(Boolean)
            .join(" · ")}
        </li>
      ))}
    </ul>
  );
}

function Paragraph({ children, className }: { children: ReactNode; className?: string }) {
  return <p className={cx("text-sm break-words whitespace-pre-wrap", className)}>{children}</p>;
}

/** Data as indented JSON; text as it is. */
export function JsonBlock({ value }: { value: unknown }) {
  return (
    <pre className="thin-scroll max-h-80 overflow-auto rounded-md border border-line bg-sunken p-2.5 font-mono text-xs leading-5 break-words whitespace-pre-wrap">
      {typeof value === "string" ? value : JSON.stringify(value, null, 2)}
    </pre>
  );
}
