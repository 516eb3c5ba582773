import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { EditItems } from "@/features/datasets/EditItems";
import { Items } from "@/features/datasets/Items";
import { datasetQuery, type Dataset } from "@/features/datasets/queries";
import { Versions } from "@/features/datasets/Versions";
import { formatBytes, formatCount } from "@/shared/format/number";
import { useHasRole } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { EmptyState } from "@/shared/ui/EmptyState";
import { Fact, Facts } from "@/shared/ui/Facts";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Markdown } from "@/shared/ui/Markdown";
import { QueryContent } from "@/shared/ui/QueryContent";

const FROM = "/signed-in/projects/$projectId/datasets/$name";

/** One dataset: its versions, and the items of one of them. */
export function DatasetPage() {
  const { projectId, name } = useParams({ from: FROM });
  const { version } = useSearch({ from: FROM });
  const [editing, setEditing] = useState(false);
  const canWrite = useHasRole("editor");
  const query = useQuery(datasetQuery(projectId, name));
  const shown = version ?? query.data?.newest?.version;
  return (
    <DetailPage list={{ to: "/projects/$projectId/datasets", name: "Datasets" }}>
      <DetailHeader
        title={name}
        note={shown && <Badge>version {shown}</Badge>}
        actions={
          <>
            {canWrite && !editing && <Button onClick={() => setEditing(true)}>Edit items</Button>}
            <Link
              to="/projects/$projectId/evaluations"
              params={{ projectId }}
              search={{ dataset: name }}
              className={LINK_BUTTON_CLASSES}
            >
              Runs
            </Link>
          </>
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
                <Items name={name} version={shown} />
              </>
            ) : (
              <EmptyState title="No items yet">
                <code className="font-mono text-xs">
                  penstock dataset import {name} examples.csv
                </code>
              </EmptyState>
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
