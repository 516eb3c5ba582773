import type { ReactNode } from "react";

import type { Content } from "@/features/prompts/promptForm";
import { VariableTable } from "@/features/prompts/VariableTable";
import { Badge } from "@/shared/ui/Badge";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { TemplateText } from "@/shared/ui/TemplateText";

/** The content of a version: templates, then variables and the other parts that it has. */
export function VersionContent({ content }: { content: Content }) {
  const { variables = {}, tools = [], parameters = {}, partials = {} } = content;
  return (
    <div className="flex flex-col gap-6">
      {content.kind === "text" ? (
        <TemplateText label="Text" value={content.text ?? ""} />
      ) : (
        <Messages content={content} />
      )}
      {Object.keys(variables).length > 0 && (
        <Part title="Variables">
          <VariableTable variables={variables} />
        </Part>
      )}
      {Object.keys(partials).length > 0 && (
        <Part title="Partials">
          <ul className="flex flex-col gap-1 text-sm">
            {Object.entries(partials).map(([name, digest]) => (
              <li key={name} className="flex flex-wrap items-baseline gap-x-2">
                <span className="font-medium">{name}</span>
                <span className="font-mono text-xs text-ink-3" title={digest}>
                  {digest.slice(0, 12)}
                </span>
              </li>
            ))}
          </ul>
        </Part>
      )}
      <JsonPart title="Parameters" value={parameters} />
      <JsonPart title="Tools" value={tools} />
      <JsonPart title="Response schema" value={content.response_schema ?? {}} />
    </div>
  );
}

function Messages({ content }: { content: Content }) {
  return (
    <ol aria-label="Messages" className="flex flex-col gap-4">
      {(content.messages ?? []).map((message, index) => (
        <li key={index}>
          {message.placeholder ? (
            <div className="rounded-md border border-dashed border-line-strong px-3 py-2 text-sm text-ink-2">
              Messages of the variable{" "}
              <span className="font-mono text-xs text-accent">{message.placeholder}</span>
            </div>
          ) : (
            <>
              <div className="mb-1">
                <Badge>{message.role}</Badge>
              </div>
              <TemplateText label={`Message ${index + 1}`} value={message.content ?? ""} />
            </>
          )}
        </li>
      ))}
    </ol>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h3 className="mb-2 text-sm font-medium">{title}</h3>
      {children}
    </section>
  );
}

function JsonPart({ title, value }: { title: string; value: object }) {
  if (Object.keys(value).length === 0) return null;
  return (
    <Part title={title}>
      <CodeBlock label={title} code={JSON.stringify(value, null, 2)} />
    </Part>
  );
}
