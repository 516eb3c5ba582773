import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ItemTexts } from "@/features/annotation/ItemTexts";
import { Decide } from "@/features/annotation/Decide";
import { ItemUses } from "@/features/annotation/ItemUses";
import { labelText } from "@/features/annotation/labels";
import { queueItemsQuery, type LabelledItem, type Queue } from "@/features/annotation/queries";
import { useHasRole, useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
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
  const { output } = item.content;
  const mayManage = useHasRole("editor");
  return (
    <div className="grid gap-6 lg:grid-cols-[minmax(0,1fr)_300px]">
      <ItemTexts content={item.content} />
      <div className="flex flex-col gap-2 text-sm">
        {item.labels.map(({ annotator, state, value, comment }) => (
          <div key={annotator}>
            <p className="flex items-center gap-2">
              <span className="truncate text-ink-2">{annotator}</span>
              <Badge tone={state === "labelled" ? "accent" : "neutral"}>
                {state === "labelled" ? labelText(schema, value, output) : state}
              </Badge>
            </p>
            {comment && <p className="break-words text-ink-3">{comment}</p>}
          </div>
        ))}
        {item.decision && (
          <p className="flex items-center gap-2">
            <span className="truncate text-ink-2">{item.decision.by} decided</span>
            <Badge tone="ok">{labelText(schema, item.decision.value, output)}</Badge>
          </p>
        )}
        {item.decision?.comment && (
          <p className="break-words text-ink-3">{item.decision.comment}</p>
        )}
        {item.suggestion && (
          <p className="flex items-center gap-2 text-ink-3">
            {item.suggestion.source} suggested
            <Badge>{labelText(schema, item.suggestion.value, output)}</Badge>
          </p>
        )}
        {item.correction && (
          <p className="break-words">
            <span className="text-ink-3">Corrected: </span>
            {item.correction}
          </p>
        )}
        <Decide queue={queue} item={item} />
        {mayManage && (
          <div className="-ml-2 flex flex-wrap">
            <ItemUses queue={queue} item={item} />
          </div>
        )}
      </div>
    </div>
  );
}
