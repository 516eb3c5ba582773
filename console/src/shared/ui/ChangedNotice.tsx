import type { ReactNode } from "react";

import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";

interface ChangedNoticeProps {
  /** What was edited, such as `route`. */
  what: string;
  /** The version that the user has edited, if versions are numbered. */
  version?: number;
  /** A sentence that says who has changed it. */
  detail?: string;
  onReload: () => void;
  /** A link to the present version. */
  link?: ReactNode;
}

/** Says that somebody else has changed what is edited, so that a save would undo that change. */
export function ChangedNotice({ what, version, detail = "", onReload, link }: ChangedNoticeProps) {
  return (
    <Notice tone="warn">
      <p role="alert">
        <span className="font-medium">Somebody changed this {what} while you edited it.</span>{" "}
        {detail} Your edit {version !== undefined && `began with version ${version} and `}is not
        saved. Load the {what} again, then repeat your change.
      </p>
      <div className="mt-2 flex flex-wrap gap-2">
        <Button onClick={onReload}>Load again</Button>
        {link}
      </div>
    </Notice>
  );
}
