import { useState } from "react";

import { ExampleDialog } from "@/features/annotation/ExampleDialog";
import { JudgeDialog } from "@/features/annotation/JudgeDialog";
import { PromptDraftDialog } from "@/features/annotation/PromptDraftDialog";
import type { LabelledItem, Queue } from "@/features/annotation/queries";
import { Button } from "@/shared/ui/Button";

type Use = "example" | "prompt" | "judge";

/** What an item with a label becomes: an example, a draft of a prompt, a judge. */
export function ItemUses({ queue, item }: { queue: Queue; item: LabelledItem }) {
  const [use, setUse] = useState<Use | null>(null);
  const close = () => setUse(null);
  const remarked =
    Boolean(item.decision?.comment) || item.labels.some(({ comment }) => comment !== "");
  return (
    <>
      {(item.final !== null || item.correction) && (
        <Button kind="quiet" onClick={() => setUse("example")}>
          Add to dataset
        </Button>
      )}
      {item.correction && (
        <Button kind="quiet" onClick={() => setUse("prompt")}>
          Draft a prompt
        </Button>
      )}
      {remarked && hasJudge(queue) && (
        <Button kind="quiet" onClick={() => setUse("judge")}>
          Make a judge
        </Button>
      )}
      {use === "example" && <ExampleDialog queue={queue} item={item} onClose={close} />}
      {use === "prompt" && <PromptDraftDialog queue={queue} item={item} onClose={close} />}
      {use === "judge" && <JudgeDialog queue={queue} itemId={item.id} onClose={close} />}
    </>
  );
}

/** Whether a judge can give the labels of a queue: yes or no, grades, the better of two. */
export function hasJudge({ label_schema: { kind } }: Queue): boolean {
  return kind === "binary" || kind === "ordinal" || kind === "pairwise";
}
