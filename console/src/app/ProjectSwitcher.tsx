import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown } from "lucide-react";

import { projectsQuery, useProjectId, useProjectName } from "@/shared/session";
import { Menu, MenuItem, MenuLabel } from "@/shared/ui/Menu";

/** Shows the current project; its menu lists the others. */
export function ProjectSwitcher() {
  const projectId = useProjectId();
  const name = useProjectName();
  const navigate = useNavigate();
  const projects = useQuery(projectsQuery).data?.items ?? [];
  const open = (id: string) =>
    void navigate({ to: "/projects/$projectId", params: { projectId: id } });
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={`Project ${name}`}
          className="flex h-9 w-full min-w-0 items-center gap-2 rounded-md px-1.5 hover:bg-hover"
        >
          <img src="/favicon.svg" alt="" className="size-5 shrink-0" />
          <span className="min-w-0 flex-1 truncate text-left font-semibold max-md:sr-only">
            {name}
          </span>
          <ChevronsUpDown size={14} className="shrink-0 text-ink-3 max-md:hidden" />
        </button>
      }
    >
      <MenuLabel>Projects</MenuLabel>
      {projects.map((project) => (
        <MenuItem
          key={project.id}
          checked={project.id === projectId}
          onSelect={() => open(project.id)}
        >
          <span className="truncate">{project.name}</span>
        </MenuItem>
      ))}
    </Menu>
  );
}
