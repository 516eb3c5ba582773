import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";

import { queueQuery, type Queue } from "@/features/annotation/queries";
import { LabelForm } from "@/features/annotation/LabelForm";
import { useReview } from "@/features/annotation/useReview";
import { formatCount } from "@/shared/format/number";
import { useShortcuts } from "@/shared/shortcuts";
import { EmptyState } from "@/shared/ui/EmptyState";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Key } from "@/shared/ui/Key";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Markdown } from "@/shared/ui/Markdown";
import { QueryContent } from "@/shared/ui/QueryContent";
import { SkeletonRows } from "@/shared/ui/Skeleton";

const FROM = "/signed-in/projects/$projectId/annotation/$name/review";
const HELP = [
  ["1–9", "choose"],
  ["Enter", "submit"],
  ["j k", "next, previous"],
  ["s", "skip"],
  ["u", "undo"],
  ["c", "comment"],
  ["e", "corrected answer"],
  ["a", "take the suggestion"],
  ["Esc", "leave a field"],
] as const;

/** One item after the other, by keyboard: label, skip, undo. */
export function ReviewPage() {
  const { projectId, name } = useParams({ from: FROM });
  const query = useQuery({ ...queueQuery(projectId, name), refetchOnWindowFocus: false });
  return (
    <main className="thin-scroll h-full overflow-y-auto">
      <div className="mx-auto max-w-[1280px] px-6 pb-16">
        <QueryContent query={query}>{(queue) => <Reviewing queue={queue} />}</QueryContent>
      </div>
    </main>
  );
}

function Reviewing({ queue }: { queue: Queue }) {
  const { projectId, name } = useParams({ from: FROM });
  const review = useReview(projectId, name);
  const { item } = review;
  const next = () => review.move(1);
  const previous = () => review.move(-1);
  const spans = queue.label_schema.kind === "spans";
  useShortcuts({
    j: next,
    k: previous,
    u: () => void review.undo(),
    ...(spans ? {} : { ArrowRight: next, ArrowLeft: previous }),
  });
  return (
    <>
      <header className="flex min-h-14 flex-wrap items-center justify-between gap-x-4 py-2">
        <h1 className="text-lg font-semibold tracking-tight">
          {queue.label_schema.question || queue.name}
        </h1>
        <p className="flex items-center gap-4 text-sm text-ink-2">
          <span className="num" role="status">
            {formatCount(review.sent)} done, {formatCount(queue.progress.open)} open
          </span>
          <Link
            to="/projects/$projectId/annotation/$name"
            params={{ projectId, name }}
            className={LINK_BUTTON_CLASSES}
          >
            Queue
          </Link>
        </p>
      </header>
      {Boolean(review.error) && <ErrorNotice error={review.error} />}
      <div className="grid gap-8 pt-2 lg:grid-cols-[minmax(0,1fr)_300px]">
        {item ? (
          <LabelForm key={item.id} schema={queue.label_schema} item={item} onSend={review.send} />
        ) : review.loading ? (
          <SkeletonRows rows={6} />
        ) : (
          <EmptyState title="Nothing left to label">
            Others have reserved or labelled the rest. Press <code>k</code> to look at your labels.
          </EmptyState>
        )}
        <aside className="flex flex-col gap-6">
          <Guidelines text={queue.guidelines} />
          <Help />
        </aside>
      </div>
    </>
  );
}

function Guidelines({ text }: { text: string }) {
  if (!text) return null;
  return (
    <section aria-label="Guidelines">
      <h2 className="mb-1 text-xs font-medium text-ink-3">Guidelines</h2>
      <Markdown text={text} />
    </section>
  );
}

function Help() {
  return (
    <section aria-label="Keys">
      <h2 className="mb-1 text-xs font-medium text-ink-3">Keys</h2>
      <dl>
        {HELP.map(([keys, action]) => (
          <div key={keys} className="flex h-7 items-center gap-3 text-sm text-ink-2">
            <dt className="flex w-14 gap-1">
              {keys.split(" ").map((key) => (
                <Key key={key} name={key} />
              ))}
            </dt>
            <dd>{action}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
