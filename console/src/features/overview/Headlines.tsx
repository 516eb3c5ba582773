import { Link } from "@tanstack/react-router";

import { headlinesOf, type Headline } from "@/features/overview/headlines";
import type { Schemas } from "@/shared/api/client";
import type { CallSearch } from "@/shared/calls/search";
import { useProjectId } from "@/shared/session";
import { cx } from "@/shared/ui/classes";

interface HeadlinesProps {
  overview: Schemas["OverviewOut"];
  search: CallSearch;
}

/** The numbers that matter, beside those of the stretch of time before. */
export function Headlines({ overview, search }: HeadlinesProps) {
  const projectId = useProjectId();
  return (
    <section
      aria-label="Headline numbers"
      className="grid grid-cols-2 border-y border-line sm:grid-cols-4 xl:grid-cols-7"
    >
      {headlinesOf(overview.totals, overview.previous).map((headline) => (
        <Link
          key={headline.name}
          to="/projects/$projectId/traces"
          params={{ projectId }}
          search={{ ...search, ...headline.calls }}
          className="group border-line py-3 hover:bg-hover xl:px-4 xl:not-first:border-l xl:first:pl-0"
        >
          <Number headline={headline} />
        </Link>
      ))}
    </section>
  );
}

function Number({ headline }: { headline: Headline }) {
  const { name, value, change, worse, before } = headline;
  return (
    <>
      <div className="text-xs text-ink-3">{name}</div>
      <div className="num mt-0.5 flex items-baseline gap-2">
        <span className="text-xl font-semibold tracking-tight group-hover:text-accent">
          {value}
        </span>
        <span
          title={before && `${before} in the same time before`}
          className={cx("text-xs", worse ? "text-danger" : "text-ink-3")}
        >
          {change}
        </span>
      </div>
    </>
  );
}
