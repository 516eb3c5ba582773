import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { AddQueueDialog } from "@/features/annotation/AddQueueDialog";
import { JudgeTable } from "@/features/annotation/JudgeTable";
import { KINDS } from "@/features/annotation/labels";
import { queuesQuery, type Queue } from "@/features/annotation/queries";
import { formatCount } from "@/shared/format/number";
import { useHasRole, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { EmptyState } from "@/shared/ui/EmptyState";
import { PRIMARY_LINK_CLASSES } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";
import { SegmentedControl } from "@/shared/ui/SegmentedControl";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";

const VIEWS = [
  { value: "queues", name: "Queues" },
  { value: "judges", name: "Judges" },
];

/** The annotation queues of a project, and the judges that their labels are compared with. */
export function QueuesPage() {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const query = useQuery(queuesQuery(projectId));
  const [view, setView] = useState("queues");
  const [adding, setAdding] = useState(false);
  const mayManage = useHasRole("editor");
  const open = (name: string) =>
    void navigate({
      to: "/projects/$projectId/annotation/$name",
      params: { projectId, name },
    });
  return (
    <Page
      title="Annotation"
      actions={
        mayManage && (
          <Button kind="primary" onClick={() => setAdding(true)}>
            New queue
          </Button>
        )
      }
    >
      {useHasRole("viewer") && (
        <div className="pb-2">
          <SegmentedControl label="View" options={VIEWS} value={view} onChange={setView} />
        </div>
      )}
      {view === "judges" ? (
        <JudgeTable />
      ) : (
        <QueryContent query={query}>{({ items }) => <QueueTable queues={items} />}</QueryContent>
      )}
      {adding && (
        <AddQueueDialog onClose={() => setAdding(false)} onAdded={({ name }) => open(name)} />
      )}
    </Page>
  );
}

function QueueTable({ queues }: { queues: readonly Queue[] }) {
  const projectId = useProjectId();
  const mayLabel = useHasRole("annotator");
  if (queues.length === 0) {
    return (
      <EmptyState title="No queues yet">
        A queue asks annotators one question about recorded answers. Their labels become scores,
        examples, and the measure of judges.
      </EmptyState>
    );
  }
  return (
    <Table label="Queues">
      <TableHead>
        <HeadCell>Queue</HeadCell>
        <HeadCell className={`w-full ${FROM_MD}`}>Question</HeadCell>
        <HeadCell className={FROM_MD}>Labels</HeadCell>
        <HeadCell numeric>Open</HeadCell>
        <HeadCell numeric>Items</HeadCell>
        <HeadCell numeric>To decide</HeadCell>
        <HeadCell />
      </TableHead>
      <tbody>
        {queues.map(({ name, label_schema, progress }) => (
          <Row key={name}>
            <Cell className="whitespace-nowrap">
              <Link
                to="/projects/$projectId/annotation/$name"
                params={{ projectId, name }}
                className="font-medium hover:text-accent hover:underline"
              >
                {name}
              </Link>
            </Cell>
            <Cell className={`max-w-0 truncate text-ink-2 ${FROM_MD}`}>
              {label_schema.question}
            </Cell>
            <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
              {KINDS[label_schema.kind]}
            </Cell>
            <Cell numeric>{formatCount(progress.open)}</Cell>
            <Cell numeric>{formatCount(progress.items)}</Cell>
            <Cell numeric>{formatCount(progress.waiting)}</Cell>
            <Cell>
              {mayLabel && progress.open > 0 && (
                <Link
                  to="/projects/$projectId/annotation/$name/review"
                  params={{ projectId, name }}
                  className={PRIMARY_LINK_CLASSES}
                >
                  Label
                </Link>
              )}
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
