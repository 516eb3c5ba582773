import { useInfiniteQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";

import { CommitBar } from "@/features/datasets/CommitBar";
import { EditRow } from "@/features/datasets/EditRow";
import {
  NEW_ITEM,
  noChanges,
  withEdit,
  withRemoval,
  type ItemChanges,
} from "@/features/datasets/itemChanges";
import { itemsQuery } from "@/features/datasets/queries";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { ErrorState } from "@/shared/ui/ErrorState";
import { SearchInput } from "@/shared/ui/SearchInput";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { FROM_MD, HeadCell, Table, TableHead } from "@/shared/ui/Table";

interface EditItemsProps {
  name: string;
  /** The newest version when editing began; 0 without items. */
  version: number;
  onDone: () => void;
}

/** The items of a dataset as a table whose cells are edited; all changes become one version. */
export function EditItems({ name, version, onDone }: EditItemsProps) {
  const [changes, setChanges] = useState<ItemChanges>(noChanges(version));
  const [q, setQ] = useState("");
  const [added, setAdded] = useState(0);
  const filter = { version: changes.parent, split: "", q };
  const query = useInfiniteQuery({
    ...itemsQuery(useProjectId(), name, filter),
    enabled: version > 0,
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const news = [...changes.edits].filter(([, { item }]) => !item).reverse();
  const addItem = () => {
    setChanges(withEdit(changes, `+${added}`, undefined, NEW_ITEM));
    setAdded(added + 1);
  };
  return (
    <section aria-label="Edit items" className="pt-6">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 pb-2">
        <h2 className="text-sm font-medium">Edit items</h2>
        <SearchInput label="Search items" value={q} onChange={setQ} />
        <Button onClick={addItem}>
          <Plus size={14} className="text-ink-3" />
          Add item
        </Button>
      </div>
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isLoading && <SkeletonRows />}
      <Table label="Edited items">
        <TableHead>
          <HeadCell className={FROM_MD}>Item</HeadCell>
          <HeadCell className="w-1/2">Input</HeadCell>
          <HeadCell className="w-1/2">Expected</HeadCell>
          <HeadCell className={FROM_MD}>Split</HeadCell>
          <HeadCell className="w-px" />
        </TableHead>
        <tbody>
          {[
            ...news.map(([id]) => ({ id, item: undefined })),
            ...items.map((item) => ({ id: item.id, item })),
          ].map(({ id, item }) => (
            <EditRow
              key={id}
              item={item}
              edit={changes.edits.get(id)?.edit}
              removed={changes.removed.has(id)}
              onEdit={(edit) => setChanges(withEdit(changes, id, item, edit))}
              onRemove={() => setChanges(withRemoval(changes, id))}
            />
          ))}
        </tbody>
      </Table>
      <ShowMore query={query} />
      <CommitBar name={name} changes={changes} onChange={setChanges} onDone={onDone} />
    </section>
  );
}
