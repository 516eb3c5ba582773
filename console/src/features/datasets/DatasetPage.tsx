import { useQuery } from "@tanstack/react-query";
import { useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { DatasetActions } from "@/features/datasets/DatasetActions";
import { EditItems } from "@/features/datasets/EditItems";
import { Items } from "@/features/datasets/Items";
import { datasetQuery, type Dataset } from "@/features/datasets/queries";
import { RuleSection } from "@/features/datasets/rules/RuleSection";
import { Splits } from "@/features/datasets/Splits";
import { Versions } from "@/features/datasets/Versions";
import { formatBytes, formatCount } from "@/shared/format/number";
import { Badge } from "@/shared/ui/Badge";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Fact, Facts } from "@/shared/ui/Facts";
import { Markdown } from "@/shared/ui/Markdown";
import { QueryContent } from "@/shared/ui/QueryContent";

const FROM = "/signed-in/projects/$projectId/datasets/$name";

/** One dataset: its versions, and the items of one of them. */
export function DatasetPage() {
  const { projectId, name } = useParams({ from: FROM });
  const { version } = useSearch({ from: FROM });
  const [editing, setEditing] = useState(false);
  const query = useQuery(datasetQuery(projectId, name));
  const shown = version ?? query.data?.newest?.version;
  return (
    <DetailPage list={{ to: "/projects/$projectId/datasets", name: "Datasets" }}>
      <DetailHeader
        title={name}
        note={shown && <Badge>version {shown}</Badge>}
        actions={
          <DatasetActions
            name={name}
            version={shown}
            editing={editing}
            onEdit={() => setEditing(true)}
          />
        }
      />
      <QueryContent query={query}>
        {(dataset) => (
          <>
            <DatasetFacts dataset={dataset} />
            {editing ? (
              <EditItems
                name={name}
                version={dataset.newest?.version ?? 0}
                onDone={() => setEditing(false)}
              />
            ) : dataset.newest && shown ? (
              <>
                <Versions name={name} shown={shown} />
                <Splits name={name} version={shown} isNewest={shown === dataset.newest.version} />
                <RuleSection name={name} />
                <Items name={name} version={shown} />
              </>
            ) : (
              <>
                <EmptyState title="No items yet">
                  Import a file, add recorded calls from the page of traces, or write items by hand.
                </EmptyState>
                <RuleSection name={name} />
              </>
            )}
          </>
        )}
      </QueryContent>
    </DetailPage>
  );
}

function DatasetFacts({ dataset: { description, newest, personal_data } }: { dataset: Dataset }) {
  return (
    <>
      {description && <Markdown text={description} className="max-w-[80ch] pb-3" />}
      <Facts label="About">
        <Fact name="Newest version">{newest?.version ?? "none"}</Fact>
        <Fact name="Its items">{formatCount(newest?.item_count ?? 0)}</Fact>
        <Fact name="Size">{formatBytes(newest?.byte_count ?? 0)}</Fact>
        <Fact name="Items with personal data">{POLICIES[personal_data]}</Fact>
      </Facts>
    </>
  );
}

const POLICIES: Record<Dataset["personal_data"], string> = {
  flag: "are flagged",
  redact: "are redacted",
  reject: "are rejected",
};
