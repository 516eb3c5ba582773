import { useQuery } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import type { ReactNode } from "react";

import { type Column, type PlayMessage, ROLES } from "@/features/playground/column";
import { routesQuery } from "@/shared/calls/routes";
import { modelsQuery } from "@/shared/exampleCalls";
import { useProjectId } from "@/shared/session";
import { Button, IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { Combobox } from "@/shared/ui/Combobox";
import { Disclosure } from "@/shared/ui/Disclosure";
import { INPUT_CLASSES, TextAreaField } from "@/shared/ui/Field";

interface ColumnCardProps {
  column: Column;
  /** The number of the column on the page. */
  number: number;
  onChange: (part: Partial<Column>) => void;
  onRemove?: (() => void) | undefined;
  onSave?: (() => void) | undefined;
  saveLabel: string;
  children: ReactNode;
}

/** One column: model, messages, parameters, tools, schema; below it its answer. */
export function ColumnCard(props: ColumnCardProps) {
  const { column, number, onChange, onRemove, onSave, saveLabel, children } = props;
  const projectId = useProjectId();
  const models = useQuery(modelsQuery(projectId)).data ?? [];
  const routes = useQuery(routesQuery(projectId)).data ?? [];
  const name = `Column ${number}`;
  return (
    <section
      aria-label={name}
      className="flex w-[min(22rem,78vw)] shrink-0 grow flex-col gap-3 rounded-lg border border-line bg-raised p-3"
    >
      <div className="flex items-center gap-2">
        <Combobox
          label={`Model of column ${number}`}
          name={`model-${column.id}`}
          value={column.model}
          options={[...routes.map((route) => route.name), ...models]}
          placeholder="Model or route"
          onChange={(model) => onChange({ model })}
          className="grow"
        />
        {onRemove && (
          <IconButton label={`Remove column ${number}`} onClick={onRemove}>
            <Trash2 size={14} />
          </IconButton>
        )}
      </div>
      <Messages messages={column.messages} onChange={(messages) => onChange({ messages })} />
      <Disclosure
        title="Parameters, tools, response schema"
        open={Boolean(column.parameters || column.tools || column.schema)}
      >
        <JsonField column={column} part="parameters" label="Parameters" onChange={onChange} />
        <JsonField column={column} part="tools" label="Tools" onChange={onChange} />
        <JsonField column={column} part="schema" label="Response schema" onChange={onChange} />
      </Disclosure>
      {children}
      {onSave && (
        <Button kind="quiet" className="mt-auto self-start" onClick={onSave}>
          {saveLabel}
        </Button>
      )}
    </section>
  );
}

const PLACEHOLDERS = {
  parameters: '{"temperature": 0.2, "max_tokens": 300}',
  tools: '[{"type": "function", "function": {"name": "…"}}]',
  schema: '{"type": "object", "properties": {}}',
};

interface JsonFieldProps {
  column: Column;
  part: "parameters" | "tools" | "schema";
  label: string;
  onChange: (part: Partial<Column>) => void;
}

function JsonField({ column, part, label, onChange }: JsonFieldProps) {
  return (
    <TextAreaField
      label={label}
      value={column[part]}
      placeholder={PLACEHOLDERS[part]}
      spellCheck={false}
      rows={2}
      onChange={({ target }) => onChange({ [part]: target.value })}
    />
  );
}

interface MessagesProps {
  messages: PlayMessage[];
  onChange: (messages: PlayMessage[]) => void;
}

function Messages({ messages, onChange }: MessagesProps) {
  const change = (id: number, part: Partial<PlayMessage>) =>
    onChange(messages.map((each) => (each.id === id ? { ...each, ...part } : each)));
  const add = () => {
    const id = Math.max(0, ...messages.map((each) => each.id)) + 1;
    onChange([...messages, { id, role: "user", content: "" }]);
  };
  return (
    <div className="flex flex-col gap-2">
      {messages.map(({ id, role, content }, index) => (
        <div key={id} className="flex flex-col gap-1">
          <div className="flex items-center justify-between">
            <select
              aria-label={`Role of message ${index + 1}`}
              value={role}
              onChange={({ target }) =>
                change(id, { role: ROLES.find((each) => each === target.value) ?? "user" })
              }
              className="rounded bg-transparent text-xs text-ink-2"
            >
              {ROLES.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
            {messages.length > 1 && (
              <IconButton
                label={`Remove message ${index + 1}`}
                onClick={() => onChange(messages.filter((each) => each.id !== id))}
              >
                <Trash2 size={12} />
              </IconButton>
            )}
          </div>
          <textarea
            aria-label={`Message ${index + 1}`}
            value={content}
            rows={Math.min(10, Math.max(2, content.split("\n").length))}
            onChange={({ target }) => change(id, { content: target.value })}
            className={cx(INPUT_CLASSES, "h-auto resize-y py-1.5 text-sm leading-5")}
          />
        </div>
      ))}
      <Button kind="quiet" className="self-start" onClick={add}>
        <Plus size={14} />
        Message
      </Button>
    </div>
  );
}
