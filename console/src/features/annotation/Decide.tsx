import { useState } from "react";

import { choicesOf, labelText } from "@/features/annotation/labels";
import {
  useDecide,
  useTakeBack,
  type LabelledItem,
  type Queue,
} from "@/features/annotation/queries";
import { Button } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES } from "@/shared/ui/Field";

/** Decides an item on which annotators differ: by a choice, or by the label of one of them. */
export function Decide({ queue, item }: { queue: Queue; item: LabelledItem }) {
  const decide = useDecide(queue.name);
  const takeBack = useTakeBack(queue.name);
  const [comment, setComment] = useState("");
  const [correction, setCorrection] = useState("");
  const schema = queue.label_schema;
  if (item.decision) {
    return (
      <Button kind="quiet" busy={takeBack.isPending} onClick={() => takeBack.mutate(item.id)}>
        Take the decision back
      </Button>
    );
  }
  if (!item.differs) return null;
  const area = (label: string, value: string, onChange: (value: string) => void) => (
    <textarea
      aria-label={label}
      placeholder={label}
      rows={1}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className={cx(INPUT_CLASSES, "h-auto resize-y py-1.5")}
    />
  );
  return (
    <div role="group" aria-label="Decide" className="flex flex-col gap-2">
      <div className="flex flex-wrap gap-2">
        {options(queue, item).map(({ name, value }) => (
          <Button
            key={name}
            busy={decide.isPending}
            onClick={() =>
              decide.mutate({
                id: item.id,
                schema_digest: schema.digest,
                value,
                comment,
                correction,
              })
            }
          >
            {name}
          </Button>
        ))}
      </div>
      {area("Reason of the decision", comment, setComment)}
      {area("Corrected answer", correction, setCorrection)}
    </div>
  );
}

/** The choices; of texts and marked parts the labels that were given. */
function options({ label_schema: schema }: Queue, { labels, content }: LabelledItem) {
  if (schema.kind !== "spans" && schema.kind !== "text") return choicesOf(schema);
  return labels
    .filter(({ state }) => state === "labelled")
    .map(({ annotator, value }) => ({
      name: `As ${annotator}: ${labelText(schema, value, content.output)}`.slice(0, 80),
      value: value,
    }));
}
