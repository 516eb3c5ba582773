import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { AgreementFigures } from "@/features/annotation/AgreementFigures";
import { EditQueueDialog } from "@/features/annotation/EditQueueDialog";
import { FillQueueDialog } from "@/features/annotation/FillQueueDialog";
import { hasJudge } from "@/features/annotation/ItemUses";
import { JudgeDialog } from "@/features/annotation/JudgeDialog";
import { KINDS } from "@/features/annotation/labels";
import { QueueItems } from "@/features/annotation/QueueItems";
import { queueQuery, type Queue } from "@/features/annotation/queries";
import { RuleSection } from "@/features/annotation/rules/RuleSection";
import { formatCount } from "@/shared/format/number";
import { useHasRole } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { Disclosure } from "@/shared/ui/Disclosure";
import { Fact, Facts } from "@/shared/ui/Facts";
import { PRIMARY_LINK_CLASSES } from "@/shared/ui/LinkButton";
import { Markdown } from "@/shared/ui/Markdown";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

const FROM = "/signed-in/projects/$projectId/annotation/$name";

/** One queue: progress, agreement, and its items, those first on which annotators differ. */
export function QueuePage() {
  const { projectId, name } = useParams({ from: FROM });
  const query = useQuery(queueQuery(projectId, name));
  const [dialog, setDialog] = useState<"edit" | "fill" | "judge" | null>(null);
  const close = () => setDialog(null);
  const mayManage = useHasRole("editor");
  const mayRead = useHasRole("viewer");
  return (
    <DetailPage list={{ to: "/projects/$projectId/annotation", name: "Annotation" }}>
      <DetailHeader
        title={name}
        note={query.data && <Badge>{KINDS[query.data.label_schema.kind]}</Badge>}
        actions={
          <>
            {mayManage && query.data && (
              <>
                <Button kind="quiet" onClick={() => setDialog("edit")}>
                  Edit
                </Button>
                {hasJudge(query.data) && (
                  <Button onClick={() => setDialog("judge")}>Make a judge</Button>
                )}
                <Button onClick={() => setDialog("fill")}>Add items</Button>
              </>
            )}
            <Link
              to="/projects/$projectId/annotation/$name/review"
              params={{ projectId, name }}
              className={PRIMARY_LINK_CLASSES}
            >
              Label
            </Link>
          </>
        }
      />
      <QueryContent query={query}>
        {(queue) => (
          <>
            <QueueFacts queue={queue} />
            {mayRead && <RuleSection name={name} />}
            {mayRead && <AgreementFigures name={name} />}
            <Annotators queue={queue} />
            {mayRead && <QueueItems queue={queue} />}
          </>
        )}
      </QueryContent>
      {dialog === "fill" && <FillQueueDialog name={name} onClose={close} />}
      {dialog === "edit" && query.data && <EditQueueDialog queue={query.data} onClose={close} />}
      {dialog === "judge" && query.data && <JudgeDialog queue={query.data} onClose={close} />}
    </DetailPage>
  );
}

function QueueFacts({ queue }: { queue: Queue }) {
  const { label_schema, description, guidelines, progress, overlap, adjudicator, score } = queue;
  return (
    <>
      <p className="pb-3 text-sm text-ink-2">{label_schema.question}</p>
      {description && <Markdown text={description} className="max-w-[80ch] pb-3" />}
      <Facts label="Progress">
        <Fact name="Labelled">
          {formatCount(progress.labelled)} of {formatCount(progress.items)}
        </Fact>
        <Fact name="Open">{formatCount(progress.open)}</Fact>
        <Fact name="Annotators differ">{formatCount(progress.differing)}</Fact>
        <Fact name="Decided">{formatCount(progress.decided)}</Fact>
        <Fact name="Annotators of each item">{overlap}</Fact>
        <Fact name="Decides">{adjudicator || "editors"}</Fact>
        <Fact name="Score">{score}</Fact>
        {progress.suggested > 0 && (
          <Fact name="Suggested by models">
            {formatCount(progress.suggested)}
            {queue.shows_suggestions ? ", shown" : ", hidden from annotators"}
          </Fact>
        )}
      </Facts>
      {guidelines && (
        <div className="pt-4">
          <Disclosure title="Guidelines">
            <Markdown text={guidelines} className="max-w-[80ch]" />
          </Disclosure>
        </div>
      )}
    </>
  );
}

function Annotators({ queue: { progress } }: { queue: Queue }) {
  if (progress.annotators.length === 0) return null;
  return (
    <section className="pt-6">
      <h2 className="mb-1 text-sm font-medium">Annotators</h2>
      <Table label="Annotators">
        <TableHead>
          <HeadCell className="w-full">Annotator</HeadCell>
          <HeadCell numeric>Labelled</HeadCell>
          <HeadCell numeric>Skipped</HeadCell>
          <HeadCell>Last</HeadCell>
        </TableHead>
        <tbody>
          {progress.annotators.map(({ annotator, labelled, skipped, last_at }) => (
            <Row key={annotator}>
              <Cell>{annotator}</Cell>
              <Cell numeric>{formatCount(labelled)}</Cell>
              <Cell numeric>{formatCount(skipped)}</Cell>
              <Cell className="text-ink-2">
                <RelativeTime at={last_at} />
              </Cell>
            </Row>
          ))}
        </tbody>
      </Table>
    </section>
  );
}
