import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";

import { filterModels, providersOf, type ModelSearch } from "@/features/models/filters";
import { ModelFilters } from "@/features/models/ModelFilters";
import { ModelTable } from "@/features/models/ModelTable";
import { modelsQuery } from "@/features/models/queries";
import { useProjectId } from "@/shared/session";
import { EmptyState } from "@/shared/ui/EmptyState";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";

const ROUTE = "/signed-in/projects/$projectId/models";

/** The models of all providers: facts, prices, who serves them, and when they retire. */
export function ModelsPage() {
  const projectId = useProjectId();
  const search = useSearch({ from: ROUTE });
  const navigate = useNavigate({ from: "/projects/$projectId/models" });
  const query = useQuery(modelsQuery(projectId));
  const onChange = (changed: ModelSearch) => void navigate({ search: changed, replace: true });
  return (
    <Page
      title="Models"
      actions={
        <Link
          to="/projects/$projectId/models/_shortlist"
          params={{ projectId }}
          className={LINK_BUTTON_CLASSES}
        >
          Shortlist
        </Link>
      }
    >
      <QueryContent query={query}>
        {(models) =>
          models.length === 0 ? (
            <EmptyState title="No models yet">
              <Link
                to="/projects/$projectId/providers"
                params={{ projectId }}
                className="text-accent hover:underline"
              >
                Add a provider
              </Link>{" "}
              to see its models here.
            </EmptyState>
          ) : (
            <>
              <ModelFilters search={search} providers={providersOf(models)} onChange={onChange} />
              <ModelTable models={filterModels(models, search)} total={models.length} />
            </>
          )
        }
      </QueryContent>
    </Page>
  );
}
