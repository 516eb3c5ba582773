import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { DivideDialog } from "@/features/datasets/DivideDialog";
import { splitsQuery } from "@/features/datasets/queries";
import { formatCount, formatShare } from "@/shared/format/number";
import { useMay, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Figure } from "@/shared/ui/Facts";

interface SplitsProps {
  name: string;
  version: number;
  /** Whether it is the newest version, which alone can be divided. */
  isNewest: boolean;
}

/** The number of items of each split of a version. */
export function Splits({ name, version, isNewest }: SplitsProps) {
  const projectId = useProjectId();
  const query = useQuery(splitsQuery(projectId, name, version));
  const [dividing, setDividing] = useState(false);
  const canWrite = useMay()("datasets:write");
  const splits = query.data ?? [];
  const total = splits.reduce((sum, { item_count }) => sum + item_count, 0);
  return (
    <section aria-label="Splits" className="pt-6">
      <div className="flex items-center justify-between gap-4 pb-1">
        <h2 className="text-sm font-medium">Splits</h2>
        {canWrite && isNewest && <Button onClick={() => setDividing(true)}>Divide</Button>}
      </div>
      {query.isError && <ErrorNotice error={query.error} />}
      <dl className="flex flex-wrap gap-x-10 gap-y-3">
        {splits.map((split) => (
          <Figure key={split.name} name={split.name || "without a split"}>
            <Link
              to="/projects/$projectId/datasets/$name"
              params={{ projectId, name }}
              search={{ version, split: split.name || undefined }}
              className="hover:text-accent hover:underline"
            >
              {formatCount(split.item_count)}
            </Link>{" "}
            <span className="text-sm font-normal text-ink-3">
              {formatShare(split.item_count / total)}
            </span>
          </Figure>
        ))}
      </dl>
      {dividing && <DivideDialog name={name} onClose={() => setDividing(false)} />}
    </section>
  );
}
