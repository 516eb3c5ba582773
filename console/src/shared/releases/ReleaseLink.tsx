import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { shortHash } from "@/shared/releases/arms";
import { recentReleasesQuery } from "@/shared/releases/queries";
import { useProjectId } from "@/shared/session";

interface ReleaseLinkProps {
  digest: string;
  /** Shows the message of the release beside its hash. */
  withMessage?: boolean;
}

/** A release by the beginning of its hash, linked to its page. */
export function ReleaseLink({ digest, withMessage = false }: ReleaseLinkProps) {
  const projectId = useProjectId();
  const releases = useQuery(recentReleasesQuery(projectId)).data;
  const release = releases?.find((each) => each.digest === digest);
  return (
    <span className="inline-flex max-w-full min-w-0 items-baseline gap-2">
      <Link
        to="/projects/$projectId/releases/$release"
        params={{ projectId, release: digest }}
        title={[digest, release?.message, release?.model].filter(Boolean).join("\n")}
        className="shrink-0 font-mono text-xs hover:text-accent hover:underline"
      >
        {shortHash(digest)}
      </Link>
      {withMessage && release?.message && (
        <span className="truncate text-ink-2" title={release.message}>
          {release.message}
        </span>
      )}
    </span>
  );
}
