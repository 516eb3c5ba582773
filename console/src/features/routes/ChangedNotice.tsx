import { Link } from "@tanstack/react-router";

import type { Route } from "@/shared/calls/routes";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Notice } from "@/shared/ui/Notice";

interface ChangedNoticeProps {
  /** The version that the user has edited. */
  route: Route;
  onReload: () => void;
}

/** Says that somebody else has changed the route, so that a save would undo that change. */
export function ChangedNotice({ route, onReload }: ChangedNoticeProps) {
  const params = { projectId: useProjectId(), name: route.name };
  return (
    <Notice tone="warn">
      <p role="alert">
        <span className="font-medium">Somebody changed this route while you edited it.</span> Your
        edit began with version {route.version} and is not saved. Load the route again, then repeat
        your change.
      </p>
      <div className="mt-2 flex flex-wrap gap-2">
        <Button onClick={onReload}>Load again</Button>
        <Link
          to="/projects/$projectId/routes/$name"
          params={params}
          target="_blank"
          className={LINK_BUTTON_CLASSES}
        >
          Show the present version
        </Link>
      </div>
    </Notice>
  );
}
