import type { KeyboardEvent } from "react";

import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES } from "@/shared/ui/Field";
import { Key } from "@/shared/ui/Key";

/** What the annotator has entered, and not yet sent. */
export interface Draft {
  value: unknown;
  comment: string;
  correction: string;
}

interface LabelFieldsProps {
  draft: Draft;
  /** Whether the label is a free text. */
  hasText: boolean;
  skipping: boolean;
  onChange: (draft: Draft) => void;
  onSend: () => void;
  /** Escape was pressed in a field. */
  onLeave: () => void;
}

/** The texts of a label: Enter sends, Shift+Enter begins a line, Escape leaves the field. */
export function LabelFields(props: LabelFieldsProps) {
  const { draft, hasText, skipping, onChange, onSend, onLeave } = props;
  const listen = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      onSend();
    } else if (event.key === "Escape") {
      onLeave();
      event.currentTarget.blur();
    }
  };
  const field = (name: string, letter: string, part: keyof Draft) => (
    <label className="flex flex-col gap-1 text-xs font-medium text-ink-3">
      <span className="flex items-center gap-2">
        {name} <Key name={letter} />
      </span>
      <textarea
        data-key={letter}
        rows={2}
        value={draft[part] as string}
        onChange={(event) => onChange({ ...draft, [part]: event.target.value })}
        onKeyDown={listen}
        className={cx(INPUT_CLASSES, "h-auto resize-y py-1.5 font-normal")}
      />
    </label>
  );
  return (
    <div className="grid gap-4 md:grid-cols-2">
      {hasText && <div className="md:col-span-2">{field("Label", "t", "value")}</div>}
      {field(skipping ? "Why do you skip it?" : "Comment", "c", "comment")}
      {field("Corrected answer", "e", "correction")}
    </div>
  );
}
