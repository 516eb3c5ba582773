import { Link, useParams } from "@tanstack/react-router";

import type { ApiError } from "@/shared/api/client";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Notice } from "@/shared/ui/Notice";

interface ConflictNoticeProps {
  error: ApiError;
  /** The latest version when the user began. */
  seen: number;
}

/** Says that somebody else has saved a version, which names both, and shows theirs beside. */
export function ConflictNotice({ error, seen }: ConflictNoticeProps) {
  const { projectId = "", promptId = "" } = useParams({ strict: false });
  return (
    <Notice tone="warn">
      <p role="alert">
        <span className="font-medium">Somebody else was faster; your change is not saved.</span>{" "}
        {error.message} Compare both, then open the editor again and repeat your change.
      </p>
      <div className="mt-2">
        <Link
          to="/projects/$projectId/prompts/$promptId"
          params={{ projectId, promptId }}
          search={{ tab: "changes", against: seen }}
          target="_blank"
          className={LINK_BUTTON_CLASSES}
        >
          Show what changed since version {seen}
        </Link>
      </div>
    </Notice>
  );
}
