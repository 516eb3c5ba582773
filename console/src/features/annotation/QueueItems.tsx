import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ItemTexts } from "@/features/annotation/ItemTexts";
import { choicesOf, labelText } from "@/features/annotation/labels";
import {
  queueItemsQuery,
  useDecide,
  useMakeExamples,
  type LabelledItem,
  type Queue,
} from "@/features/annotation/queries";
import { useHasRole, useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";

const STATES = [
  { value: "differing", name: "To decide" },
  { value: "", name: "All" },
];

/** The items of a queue with their labels: those first on which annotators differ. */
export function QueueItems({ queue }: { queue: Queue }) {
  const [state, setState] = useState<"" | "differing">(
    queue.progress.waiting > 0 ? "differing" : "",
  );
  const query = useInfiniteQuery(queueItemsQuery(useProjectId(), queue.name, state));
  const items = query.data?.pages.flatMap((page) => page.items);
  return (
    <section className="pt-6">
      <div className="flex items-center justify-between pb-2">
        <h2 className="text-sm font-medium">Items</h2>
        <SegmentedControl
          label="Items"
          options={STATES}
          value={state}
          onChange={(value) => setState(value as "" | "differing")}
        />
      </div>
      {!items && <SkeletonRows rows={4} />}
      {items?.length === 0 && <EmptyState title="No items here" />}
      <ul aria-label="Items" className="flex flex-col gap-6">
        {items?.map((item) => (
          <li key={item.id} className="border-t border-line pt-4">
            <Item queue={queue} item={item} />
          </li>
        ))}
      </ul>
      <ShowMore query={query} />
    </section>
  );
}

function Item({ queue, item }: { queue: Queue; item: LabelledItem }) {
  const schema = queue.label_schema;
  return (
    <div className="grid gap-6 lg:grid-cols-[minmax(0,1fr)_300px]">
      <ItemTexts content={item.content} />
      <div className="flex flex-col gap-2 text-sm">
        {item.labels.map(({ annotator, state, value, comment }) => (
          <div key={annotator}>
            <p className="flex items-center gap-2">
              <span className="truncate text-ink-2">{annotator}</span>
              <Badge tone={state === "labelled" ? "accent" : "neutral"}>
                {state === "labelled" ? labelText(schema, value) : state}
              </Badge>
            </p>
            {comment && <p className="break-words text-ink-3">{comment}</p>}
          </div>
        ))}
        {item.decision && (
          <p className="flex items-center gap-2">
            <span className="truncate text-ink-2">{item.decision.by} decided</span>
            <Badge tone="ok">{labelText(schema, item.decision.value)}</Badge>
          </p>
        )}
        {item.correction && (
          <p className="break-words">
            <span className="text-ink-3">Corrected: </span>
            {item.correction}
          </p>
        )}
        <Actions queue={queue} item={item} />
      </div>
    </div>
  );
}

function Actions({ queue, item }: { queue: Queue; item: LabelledItem }) {
  const decide = useDecide(queue.name);
  const examples = useMakeExamples(queue.name);
  const mayManage = useHasRole("editor");
  const schema = queue.label_schema;
  const choices = schema.kind === "spans" ? [] : choicesOf(schema);
  return (
    <div className="flex flex-wrap gap-2">
      {item.differs &&
        choices.map(({ name, value }) => (
          <Button
            key={name}
            busy={decide.isPending}
            onClick={() =>
              decide.mutate({
                id: item.id,
                schema_digest: schema.digest,
                value,
                comment: "",
                correction: "",
              })
            }
          >
            {name}
          </Button>
        ))}
      {mayManage && (item.final !== null || item.correction) && (
        <Button
          kind="quiet"
          busy={examples.isPending}
          onClick={() =>
            examples.mutate({ dataset: queue.name, expected: "answer", item_ids: [item.id] })
          }
        >
          Add to dataset
        </Button>
      )}
    </div>
  );
}
