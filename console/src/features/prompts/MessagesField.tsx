import { ArrowDown, ArrowUp, Trash2 } from "lucide-react";

import { freshId, ROLES, type MessageForm, type PromptForm } from "@/features/prompts/promptForm";
import type { FormState } from "@/shared/forms/useForm";
import { Button, IconButton } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES } from "@/shared/ui/Field";
import { TemplateText } from "@/shared/ui/TemplateText";

/** The messages of a chat prompt, in order. */
export function MessagesField({ form }: { form: FormState<PromptForm> }) {
  const { messages } = form.values;
  const error = form.errorOf("messages");
  const set = (next: MessageForm[]) => form.change({ messages: next });
  const add = (part: Partial<MessageForm>) =>
    set([
      ...messages,
      { id: freshId(messages), role: "user", content: "", placeholder: "", ...part },
    ]);
  const move = (index: number, by: number) => {
    const next = [...messages];
    const [moved] = next.splice(index, 1);
    if (moved) next.splice(index + by, 0, moved);
    set(next);
  };
  return (
    <section aria-label="Messages">
      <h2 className="mb-1 text-sm font-medium">Messages</h2>
      <ol className="flex flex-col gap-4">
        {messages.map((message, index) => (
          <li key={message.id}>
            <MessageHead
              message={message}
              index={index}
              count={messages.length}
              onChange={(part) =>
                set(messages.map((each) => (each.id === message.id ? { ...each, ...part } : each)))
              }
              onMove={(by) => move(index, by)}
              onRemove={() => set(messages.filter(({ id }) => id !== message.id))}
            />
            {!message.placeholder && (
              <TemplateText
                label={`Message ${index + 1}`}
                value={message.content}
                placeholder={message.role === "system" ? "You are …" : "{{ question }}"}
                onChange={(content) =>
                  set(
                    messages.map((each) => (each.id === message.id ? { ...each, content } : each)),
                  )
                }
              />
            )}
          </li>
        ))}
      </ol>
      {error && (
        <p role="alert" className="mt-1 text-xs text-danger">
          {error}
        </p>
      )}
      <div className="mt-3 flex flex-wrap gap-2">
        <Button onClick={() => add({})}>Add message</Button>
        <Button onClick={() => add({ placeholder: "history" })}>Add placeholder</Button>
      </div>
    </section>
  );
}

interface MessageHeadProps {
  message: MessageForm;
  index: number;
  count: number;
  onChange: (part: Partial<MessageForm>) => void;
  onMove: (by: number) => void;
  onRemove: () => void;
}

function MessageHead({ message, index, count, onChange, onMove, onRemove }: MessageHeadProps) {
  const name = `message ${index + 1}`;
  return (
    <div className="mb-1 flex items-center gap-1">
      {message.placeholder ? (
        <label className="flex items-center gap-2 text-sm whitespace-nowrap text-ink-2">
          Messages of the variable
          <input
            aria-label={`Variable of ${name}`}
            value={message.placeholder}
            onChange={(event) => onChange({ placeholder: event.target.value || "history" })}
            className={cx(INPUT_CLASSES, "max-w-40 font-mono text-xs")}
          />
        </label>
      ) : (
        <select
          aria-label={`Role of ${name}`}
          value={message.role}
          onChange={(event) =>
            onChange({ role: ROLES.find((role) => role === event.target.value) ?? "user" })
          }
          className={cx(INPUT_CLASSES, "max-w-32")}
        >
          {ROLES.map((role) => (
            <option key={role}>{role}</option>
          ))}
        </select>
      )}
      <span className="grow" />
      <IconButton label={`Move ${name} up`} disabled={index === 0} onClick={() => onMove(-1)}>
        <ArrowUp size={14} />
      </IconButton>
      <IconButton
        label={`Move ${name} down`}
        disabled={index === count - 1}
        onClick={() => onMove(1)}
      >
        <ArrowDown size={14} />
      </IconButton>
      <IconButton label={`Remove ${name}`} disabled={count === 1} onClick={onRemove}>
        <Trash2 size={14} />
      </IconButton>
    </div>
  );
}
