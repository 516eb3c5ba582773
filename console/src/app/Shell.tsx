import { Outlet, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { Navigation } from "@/app/Navigation";
import { usePermittedPages } from "@/app/access";
import { PageAccess } from "@/app/PageAccess";
import { Palette } from "@/app/Palette";
import { ShortcutsDialog } from "@/app/ShortcutsDialog";
import { rememberProject } from "@/shared/lastProject";
import { useProjectId } from "@/shared/session";
import { usePaletteKey, useShortcuts } from "@/shared/shortcuts";

/** The layout of every project page: navigation on the left, the page on the right. */
export function Shell() {
  const projectId = useProjectId();
  const navigate = useNavigate();
  const pages = usePermittedPages();
  const [help, setHelp] = useState(false);
  const [palette, setPalette] = useState(false);
  usePaletteKey(() => setPalette(true));
  useEffect(() => rememberProject(projectId), [projectId]);
  useShortcuts({
    ...Object.fromEntries(
      pages.map((page) => [page.keys, () => void navigate({ to: page.to, params: { projectId } })]),
    ),
    "?": () => setHelp(true),
  });
  return (
    <div className="flex h-full">
      <Navigation onHelp={() => setHelp(true)} onFind={() => setPalette(true)} />
      <div className="h-full min-w-0 flex-1">
        <PageAccess>
          <Outlet />
        </PageAccess>
      </div>
      <Palette open={palette} onClose={() => setPalette(false)} />
      <ShortcutsDialog open={help} onClose={() => setHelp(false)} />
    </div>
  );
}
