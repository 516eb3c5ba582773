import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";

import { diffQuery, type Item, type ItemDifference } from "@/features/datasets/queries";
import { itemText } from "@/shared/datasets/itemText";
import { wordDiff } from "@/shared/format/wordDiff";
import { Badge } from "@/shared/ui/Badge";
import { ChangedWords } from "@/shared/ui/ChangedWords";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorState } from "@/shared/ui/ErrorState";
import { ShowMore } from "@/shared/ui/ShowMore";
import { SkeletonRows } from "@/shared/ui/Skeleton";
import { TextBox } from "@/shared/ui/TextBox";

const FROM = "/signed-in/projects/$projectId/datasets/$name/_diff";

/** The items that differ between two versions of a dataset. */
export function DatasetDiffPage() {
  const { projectId, name } = useParams({ from: FROM });
  const { from, to } = useSearch({ from: FROM });
  const query = useInfiniteQuery(diffQuery(projectId, name, from, to));
  const found = query.data?.pages.flatMap(({ items }) => items);
  return (
    <DetailPage list={{ to: "/projects/$projectId/datasets", name: "Datasets" }}>
      <DetailHeader
        title={
          <Link
            to="/projects/$projectId/datasets/$name"
            params={{ projectId, name }}
            search={{ version: to }}
            className="hover:text-accent hover:underline"
          >
            {name}
          </Link>
        }
        note={
          <Badge>
            version {from} → {to}
          </Badge>
        }
      />
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <SkeletonRows />}
      {found?.length === 0 && <EmptyState title="Both versions have the same items" />}
      <ul aria-label="Differences">
        {found?.map((difference) => (
          <DifferenceEntry key={difference.id} difference={difference} />
        ))}
      </ul>
      <ShowMore query={query} />
    </DetailPage>
  );
}

function DifferenceEntry({ difference }: { difference: ItemDifference }) {
  const { id, before, after, fields } = difference;
  const whole = after ?? before;
  return (
    <li aria-label={id} className="border-b border-line py-3">
      <div className="mb-2 flex flex-wrap items-center gap-x-3 text-sm">
        <span className="font-mono text-xs font-medium">{id}</span>
        <Kind difference={difference} />
      </div>
      {before && after ? (
        fields.map((field) => (
          <FieldChange key={field} field={field} before={before} after={after} />
        ))
      ) : (
        <div className="grid gap-3 md:grid-cols-2">
          <TextBox name="Input">{itemText(whole?.input)}</TextBox>
          <TextBox name="Expected">{itemText(whole?.expected)}</TextBox>
        </div>
      )}
    </li>
  );
}

function Kind({ difference: { before, after, fields } }: { difference: ItemDifference }) {
  if (!before) return <Badge tone="ok">added</Badge>;
  if (!after) return <Badge tone="danger">removed</Badge>;
  return <Badge tone="accent">changed: {fields.join(", ")}</Badge>;
}

interface FieldChangeProps {
  field: string;
  before: Item;
  after: Item;
}

/** A member of an item in both versions, with the words that differ. */
function FieldChange({ field, before, after }: FieldChangeProps) {
  const member = (item: Item) => itemText((item as Record<string, unknown>)[field]);
  const diff = wordDiff(member(before), member(after));
  return (
    <div className="grid gap-3 pb-2 md:grid-cols-2">
      <TextBox name={`${field} before`}>
        <ChangedWords parts={diff.before} side="before" />
      </TextBox>
      <TextBox name={`${field} after`}>
        <ChangedWords parts={diff.after} side="after" />
      </TextBox>
    </div>
  );
}
