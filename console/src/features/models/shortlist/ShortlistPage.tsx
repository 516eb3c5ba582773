import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";

import { ExcludedModels } from "@/features/models/shortlist/ExcludedModels";
import { shortlistQuery } from "@/features/models/shortlist/queries";
import { RankedModels } from "@/features/models/shortlist/RankedModels";
import { ShortlistFields } from "@/features/models/shortlist/ShortlistFields";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { EmptyState } from "@/shared/ui/EmptyState";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { SkeletonRows } from "@/shared/ui/Skeleton";

const route = getRouteApi("/signed-in/projects/$projectId/models/_shortlist");
const TRIED = 3; // models that the playground is opened with

/** The models that meet constraints, best first, and why the others do not. */
export function ShortlistPage() {
  const { projectId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(shortlistQuery(projectId, search));
  const best = query.data?.ranked.slice(0, TRIED).map(({ send_as }) => send_as) ?? [];
  return (
    <DetailPage list={{ to: "/projects/$projectId/models", name: "Models" }}>
      <DetailHeader
        title="Shortlist"
        note={
          search.use_case && (
            <Link
              to="/projects/$projectId/use-cases/$name"
              params={{ projectId, name: search.use_case }}
              className="text-sm text-ink-2 hover:text-accent hover:underline"
            >
              for {search.use_case}
            </Link>
          )
        }
        actions={
          best.length > 0 && (
            <Link
              to="/projects/$projectId/playground"
              params={{ projectId }}
              search={{ models: best }}
              className={LINK_BUTTON_CLASSES}
            >
              {best.length === 1 ? "Try it" : `Try the first ${best.length}`}
            </Link>
          )
        }
      />
      <ShortlistFields
        key={JSON.stringify(search)}
        search={search}
        busy={query.isFetching}
        error={query.error}
        onFind={(next) => void navigate({ search: next })}
      />
      {query.data ? (
        <>
          {query.data.ranked.length > 0 ? (
            <RankedModels found={query.data} />
          ) : (
            <EmptyState title="No model meets all constraints">
              The reasons are below, of the models that miss the fewest first.
            </EmptyState>
          )}
          <ExcludedModels found={query.data} />
        </>
      ) : (
        !query.isError && <SkeletonRows rows={8} />
      )}
    </DetailPage>
  );
}
