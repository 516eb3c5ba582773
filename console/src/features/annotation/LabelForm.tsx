import { useRef, useState } from "react";

import { ItemTexts } from "@/features/annotation/ItemTexts";
import {
  choicesOf,
  initialValue,
  isComplete,
  labelText,
  type Choice,
  type Span,
} from "@/features/annotation/labels";
import { LabelFields, type Draft } from "@/features/annotation/LabelFields";
import { MarkedText } from "@/features/annotation/MarkedText";
import type { Label, LabelSchema, ReviewedItem } from "@/features/annotation/queries";
import { useShortcuts } from "@/shared/shortcuts";
import { Badge } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { Key } from "@/shared/ui/Key";
import { Notice } from "@/shared/ui/Notice";

interface LabelFormProps {
  schema: LabelSchema;
  item: ReviewedItem;
  onSend: (label: Label) => Promise<boolean>;
}

/** One item with its choices. Digits choose, Enter sends. */
export function LabelForm({ schema, item, onSend }: LabelFormProps) {
  const { content, swapped, suggestion } = item;
  const [draft, setDraft] = useState<Draft>(() => newDraft(schema, item));
  const [skipping, setSkipping] = useState(false);
  const fields = useRef<HTMLDivElement>(null);
  const choices = choicesOf(schema, swapped);
  const spans = schema.kind === "spans";
  const choose = (value: unknown) => setDraft({ ...draft, value });
  const focus = (letter: string) =>
    fields.current?.querySelector<HTMLElement>(`[data-key="${letter}"]`)?.focus();
  const send = () => {
    const { value, comment, correction } = draft;
    const sent = { schema_digest: schema.digest, comment, correction };
    if (skipping) void onSend({ ...sent, skipped: true, comment: comment.trim() || "skipped" });
    else if (isComplete(schema, value)) void onSend({ ...sent, value, skipped: false });
  };
  const skip = () => {
    setSkipping(true);
    focus("c");
  };
  useShortcuts({
    ...(spans ? {} : digits(choices, choose)),
    Enter: send,
    s: skip,
    c: () => focus("c"),
    e: () => focus("e"),
    t: () => focus("t"),
    a: () => suggestion && choose(suggestion.value),
  });
  const marked = spans && (
    <MarkedText
      text={content.output}
      spans={draft.value as Span[]}
      choices={choices}
      onChange={choose}
    />
  );
  return (
    <div className="flex min-w-0 flex-col gap-5">
      <ItemTexts content={content} swapped={swapped} {...(marked && { output: marked })} />
      {item.decided && <Notice tone="neutral">This item was decided. Labels stay.</Notice>}
      <Suggested schema={schema} item={item} />
      <Choices choices={choices} value={spans ? undefined : draft.value} onChoose={choose} />
      <div ref={fields}>
        <LabelFields
          draft={draft}
          hasText={schema.kind === "text"}
          skipping={skipping}
          onChange={setDraft}
          onSend={send}
          onLeave={() => setSkipping(false)}
        />
      </div>
      <div className="flex items-center gap-2">
        <Button
          kind="primary"
          disabled={!skipping && !isComplete(schema, draft.value)}
          onClick={send}
        >
          {skipping ? "Skip with this reason" : "Submit"}
        </Button>
        {!skipping && <Button onClick={skip}>Skip</Button>}
        {item.label && <Badge tone="ok">{item.label.state}</Badge>}
      </div>
    </div>
  );
}

function newDraft(schema: LabelSchema, item: ReviewedItem): Draft {
  const { comment = "", correction = "" } = item.label ?? {};
  return { value: initialValue(schema, item), comment, correction };
}

/** The label that a model suggests; it counts only once the annotator sends it. */
function Suggested({ schema, item: { suggestion } }: Pick<LabelFormProps, "schema" | "item">) {
  if (!suggestion) return null;
  return (
    <p className="flex flex-wrap items-center gap-2 text-sm text-ink-2">
      <Badge>suggested by {suggestion.source}</Badge>
      {labelText(schema, suggestion.value)}
      {suggestion.reason && <span className="text-ink-3">{suggestion.reason}</span>}
    </p>
  );
}

interface ChoicesProps {
  choices: readonly Choice[];
  value: unknown;
  onChoose: (value: unknown) => void;
}

function Choices({ choices, value, onChoose }: ChoicesProps) {
  if (choices.length === 0) return null;
  return (
    <div role="radiogroup" aria-label="Label" className="flex flex-wrap gap-2">
      {choices.map((choice, index) => (
        <button
          key={choice.name}
          type="button"
          role="radio"
          aria-checked={choice.value === value}
          onClick={() => onChoose(choice.value)}
          className={cx(
            "inline-flex h-9 items-center gap-2 rounded-md border px-3 text-sm font-medium",
            choice.value === value
              ? "border-accent bg-accent-soft text-accent"
              : "border-line-strong bg-raised text-ink hover:bg-hover",
          )}
        >
          {index < 9 && <Key name={String(index + 1)} />}
          {choice.name}
        </button>
      ))}
    </div>
  );
}

function digits(choices: readonly Choice[], choose: (value: unknown) => void) {
  return Object.fromEntries(
    choices.slice(0, 9).map(({ value }, index) => [String(index + 1), () => choose(value)]),
  );
}
