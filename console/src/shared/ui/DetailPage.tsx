import { Link } from "@tanstack/react-router";
import { ChevronLeft } from "lucide-react";
import type { ReactNode } from "react";

import { useProjectId } from "@/shared/session";

/** A page of a project that lists things. */
interface ListPage {
  to:
    | "/projects/$projectId/datasets"
    | "/projects/$projectId/annotation"
    | "/projects/$projectId/evaluations"
    | "/projects/$projectId/limits"
    | "/projects/$projectId/prompts"
    | "/projects/$projectId/releases"
    | "/projects/$projectId/rollouts"
    | "/projects/$projectId/models"
    | "/projects/$projectId/routes"
    | "/projects/$projectId/traces"
    | "/projects/$projectId/use-cases";
  name: string;
  /** The view of the list that the page belongs to; its first one if left out. */
  view?: "online" | "schedules";
}

interface DetailPageProps {
  /** The list that the page belongs to. */
  list: ListPage;
  children: ReactNode;
}

/** The layout of a page about one thing: a link back to its list, then the content. */
export function DetailPage({ list, children }: DetailPageProps) {
  const projectId = useProjectId();
  return (
    <main className="thin-scroll h-full overflow-y-auto">
      <div className="mx-auto max-w-[1280px] px-6 pb-16">
        <Link
          to={list.to}
          params={{ projectId }}
          search={list.view ? { view: list.view } : {}}
          className="mt-3 -ml-1 inline-flex items-center gap-0.5 text-xs text-ink-3 hover:text-ink"
        >
          <ChevronLeft size={14} />
          {list.name}
        </Link>
        {children}
      </div>
    </main>
  );
}

interface DetailHeaderProps {
  title: ReactNode;
  /** Beside the title, such as a version. */
  note?: ReactNode;
  /** The main actions, right of the title. */
  actions?: ReactNode;
}

/** The title row of a page about one thing. */
export function DetailHeader({ title, note, actions }: DetailHeaderProps) {
  return (
    <header className="flex min-h-14 flex-wrap items-center justify-between gap-x-4 gap-y-2 py-2">
      <div className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1">
        <h1 className="min-w-0 text-lg font-semibold tracking-tight break-words">{title}</h1>
        {note}
      </div>
      {actions !== undefined && <div className="flex flex-wrap items-center gap-1">{actions}</div>}
    </header>
  );
}
