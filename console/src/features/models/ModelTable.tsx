import { useState } from "react";

import { FROM_LG, FROM_MD, FROM_SM, FROM_XL } from "@/features/models/columns";
import { ModelRow } from "@/features/models/ModelRow";
import type { Model } from "@/features/models/queries";
import { formatCount } from "@/shared/format/number";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { HeadCell, Table, TableHead } from "@/shared/ui/Table";

const PAGE_SIZE = 100;

/** The models that match the filters, of `total`. */
export function ModelTable({ models, total }: { models: Model[]; total: number }) {
  const [limit, setLimit] = useState(PAGE_SIZE);
  const [expanded, setExpanded] = useState("");
  if (models.length === 0) {
    return <EmptyState title="No model matches the filters" />;
  }
  return (
    <>
      <p className="mb-1 text-xs text-ink-3">
        {models.length === total
          ? `${formatCount(total)} models`
          : `${formatCount(models.length)} of ${formatCount(total)} models`}
        {" · prices in USD per million tokens"}
      </p>
      <Table label="Models">
        <TableHead>
          <HeadCell>Model</HeadCell>
          <HeadCell numeric className={FROM_SM}>
            Context
          </HeadCell>
          <HeadCell numeric className={FROM_MD}>
            Max output
          </HeadCell>
          <HeadCell className={FROM_LG}>Reads</HeadCell>
          <HeadCell className={FROM_XL}>Abilities</HeadCell>
          <HeadCell numeric className={FROM_MD}>
            Input
          </HeadCell>
          <HeadCell numeric className={FROM_MD}>
            Output
          </HeadCell>
          <HeadCell className={FROM_LG}>Providers</HeadCell>
          <HeadCell>Retirement</HeadCell>
        </TableHead>
        {models.slice(0, limit).map((model) => (
          <ModelRow
            key={model.id}
            model={model}
            expanded={expanded === model.id}
            onExpand={() => setExpanded(expanded === model.id ? "" : model.id)}
          />
        ))}
      </Table>
      {models.length > limit && (
        <div className="mt-3 text-center">
          <Button onClick={() => setLimit(limit + PAGE_SIZE)}>
            Show more ({formatCount(models.length)} in total)
          </Button>
        </div>
      )}
    </>
  );
}
