import { displayPart, type Message } from "@/features/traces/detail/messages";
import { JsonBlock, PartView } from "@/features/traces/detail/PartView";
import type { Span } from "@/features/traces/detail/queries";
import { Badge } from "@/shared/ui/Badge";
import { cx } from "@/shared/ui/classes";
import { CopyButton } from "@/shared/ui/Copyable";
import { EmptyState } from "@/shared/ui/EmptyState";

/** The input and output messages in order. */
export function Conversation({ span }: { span: Span }) {
  const input = span.input ?? [];
  const output = span.output ?? [];
  if (input.length + output.length === 0) {
    return (
      <EmptyState title="No content recorded">
        Content is not stored for this project, or the request could not be parsed.
      </EmptyState>
    );
  }
  return (
    <div className="flex flex-col">
      {span.tools && <Tools tools={span.tools} />}
      {input.map((message, index) => (
        <MessageView key={index} message={message} span={span} />
      ))}
      {output.map((message, index) => (
        <MessageView key={`output ${index}`} message={message} span={span} isOutput />
      ))}
    </div>
  );
}

function Tools({ tools }: { tools: readonly unknown[] }) {
  return (
    <details className="border-b border-line pb-3">
      <summary className="cursor-pointer text-xs text-ink-3 hover:text-ink">
        {tools.length === 1 ? "1 tool available" : `${tools.length} tools available`}
      </summary>
      <div className="mt-2">
        <JsonBlock value={tools} />
      </div>
    </details>
  );
}

interface MessageViewProps {
  message: Message;
  span: Span;
  isOutput?: boolean;
}

/** One message, with its role in the left column. */
function MessageView({ message, span, isOutput = false }: MessageViewProps) {
  const parts = message.parts.map(displayPart);
  const text = parts.map((part) => part.text ?? "").join("\n");
  return (
    <article
      className={cx(
        "group grid grid-cols-[88px_minmax(0,1fr)_28px] gap-3 border-b border-line py-3",
        isOutput && "-mx-2 bg-sunken px-2",
      )}
    >
      <div
        className={cx(
          "pt-px text-xs leading-5 font-medium",
          isOutput ? "text-accent" : "text-ink-3",
        )}
      >
        {message.role}
        {message.name && <div className="truncate font-normal">{message.name}</div>}
      </div>
      <div className="flex max-w-[76ch] flex-col gap-2">
        {parts.map((part, index) => (
          <PartView key={index} part={part} span={span} />
        ))}
        {message.finish_reason && message.finish_reason !== "stop" && (
          <div>
            <Badge tone="neutral">
              finish reason: {message.finish_reason.replaceAll("_", " ")}
            </Badge>
          </div>
        )}
      </div>
      <div className="-my-1 opacity-0 group-hover:opacity-100 focus-within:opacity-100">
        {text && <CopyButton value={text} label="message" />}
      </div>
    </article>
  );
}
