import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { usePermittedPages } from "@/app/access";
import { usableKeysQuery } from "@/shared/calls/keys";
import { routesQuery } from "@/shared/calls/routes";
import { hasWords } from "@/shared/format/words";
import { promptChoicesQuery } from "@/shared/prompts/queries";
import { shortHash } from "@/shared/releases/arms";
import { recentReleasesQuery, rolloutsQuery, useCasesQuery } from "@/shared/releases/queries";
import { useMay, useProjectId } from "@/shared/session";

/** Something that the palette leads to. `text` is what is searched. */
export interface PaletteItem {
  id: string;
  kind: string;
  name: string;
  note: string;
  open: () => void;
}

const SHOWN = 50;

/** Everything that the palette leads to: pages first. */
export function usePaletteItems(): PaletteItem[] {
  return [...usePages(), ...useReleaseItems(), ...usePromptItems(), ...useKeyItems()];
}

/** The items that contain all words of a query: those whose name begins with it first. */
export function findItems(items: readonly PaletteItem[], query: string): PaletteItem[] {
  const wanted = query.trim();
  const begins = (item: PaletteItem) => item.name.toLowerCase().startsWith(wanted.toLowerCase());
  return items
    .filter(({ kind, name, note }) => hasWords([kind, name, note].join(" "), wanted))
    .sort((one, other) => Number(begins(other)) - Number(begins(one)))
    .slice(0, SHOWN);
}

function usePages(): PaletteItem[] {
  const projectId = useProjectId();
  const navigate = useNavigate();
  return usePermittedPages().map(({ to, name, keys }) => ({
    id: to,
    kind: "Page",
    name,
    note: keys,
    open: () => void navigate({ to, params: { projectId } }),
  }));
}

function useReleaseItems(): PaletteItem[] {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const may = useMay();
  const useCases =
    useQuery({ ...useCasesQuery(projectId), enabled: may("use_cases:read") }).data ?? [];
  const rollouts =
    useQuery({ ...rolloutsQuery(projectId), enabled: may("releases:read") }).data ?? [];
  const releases =
    useQuery({ ...recentReleasesQuery(projectId), enabled: may("releases:read") }).data ?? [];
  return [
    ...useCases.map(({ name, purpose }) => ({
      id: `use case ${name}`,
      kind: "Use case",
      name,
      note: purpose,
      open: () =>
        void navigate({ to: "/projects/$projectId/use-cases/$name", params: { projectId, name } }),
    })),
    ...rollouts.map(({ use_case, environment, arms }) => ({
      id: `rollout ${use_case}/${environment}`,
      kind: "Rollout",
      name: use_case,
      note: [environment, ...(arms.length > 1 ? [`${arms.length} releases`] : [])].join(", "),
      open: () =>
        void navigate({
          to: "/projects/$projectId/rollouts/$useCase/$environment",
          params: { projectId, useCase: use_case, environment },
        }),
    })),
    ...releases.map(({ digest, message, model }) => ({
      id: `release ${digest}`,
      kind: "Release",
      name: shortHash(digest),
      note: [message, model].filter(Boolean).join(", "),
      open: () =>
        void navigate({
          to: "/projects/$projectId/releases/$release",
          params: { projectId, release: digest },
        }),
    })),
  ];
}

function usePromptItems(): PaletteItem[] {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const may = useMay();
  const prompts =
    useQuery({ ...promptChoicesQuery(projectId), enabled: may("prompts:read") }).data ?? [];
  const routes = useQuery({ ...routesQuery(projectId), enabled: may("routes:read") }).data ?? [];
  return [
    ...prompts.map(({ id, name, latest }) => ({
      id: `prompt ${id}`,
      kind: "Prompt",
      name,
      note: `version ${latest}`,
      open: () =>
        void navigate({
          to: "/projects/$projectId/prompts/$promptId",
          params: { projectId, promptId: id },
        }),
    })),
    ...routes.map(({ name, targets }) => ({
      id: `route ${name}`,
      kind: "Route",
      name,
      note: `${targets.length} ${targets.length === 1 ? "target" : "targets"}`,
      open: () =>
        void navigate({ to: "/projects/$projectId/routes/$name", params: { projectId, name } }),
    })),
  ];
}

function useKeyItems(): PaletteItem[] {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const keys =
    useQuery({ ...usableKeysQuery(projectId), enabled: useMay()("keys:read") }).data ?? [];
  return keys.map(({ id, name, prefix }) => ({
    id: `key ${id}`,
    kind: "Key",
    name,
    note: prefix,
    open: () => void navigate({ to: "/projects/$projectId/keys", params: { projectId } }),
  }));
}
