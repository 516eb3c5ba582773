import { useQuery } from "@tanstack/react-query";

import { api, data, type Schemas } from "@/shared/api/client";
import { FeedbackValue } from "@/shared/scores/FeedbackValue";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Cell, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

type Score = Schemas["ScoreView"];

const FIRST = "1970-01-01T00:00:00Z";
const LAST = "2262-01-01T00:00:00Z";

/** The scores, outcomes and feedback of a trace and its calls; nothing if there are none. */
export function TraceScores({ traceId }: { traceId: string }) {
  const projectId = useProjectId();
  const scores = useQuery({
    queryKey: ["scores", projectId, traceId],
    queryFn: () => {
      const query = { project_id: projectId, trace_id: traceId, from: FIRST, to: LAST, limit: 100 };
      return data(api.GET("/api/v1/scores", { params: { query } }));
    },
  });
  const items = scores.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <section aria-label="Scores" className="my-5">
      <h2 className="mb-1 text-sm font-medium">Scores</h2>
      <Table label="Scores">
        <TableHead>
          <HeadCell>Name</HeadCell>
          <HeadCell>Value</HeadCell>
          <HeadCell>Comment</HeadCell>
          <HeadCell>Source</HeadCell>
          <HeadCell>Time</HeadCell>
        </TableHead>
        <tbody>
          {items.map((score) => (
            <Row key={score.id}>
              <Cell className="whitespace-nowrap">{score.name}</Cell>
              <Cell>
                <ScoreValue score={score} />
              </Cell>
              <Cell className="max-w-md break-words">{score.comment}</Cell>
              <Cell className="text-ink-2">
                {[score.source, score.author].filter(Boolean).join(" · ")}
              </Cell>
              <Cell className="text-ink-2">
                <RelativeTime at={score.time} />
              </Cell>
            </Row>
          ))}
        </tbody>
      </Table>
    </section>
  );
}

/** The value, or why there is none. */
function ScoreValue({ score }: { score: Score }) {
  if (score.name === "thumbs" || score.name === "rating") return <FeedbackValue score={score} />;
  if (score.state !== "scored")
    return <Badge tone="warn">{score.state.replaceAll("_", " ")}</Badge>;
  if (typeof score.value === "boolean") return <span>{score.value ? "yes" : "no"}</span>;
  return <span className="num">{score.value ?? "–"}</span>;
}
