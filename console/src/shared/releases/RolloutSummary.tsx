import { Link } from "@tanstack/react-router";

import { formatShare } from "@/shared/format/number";
import { armColour, armShares, rolloutState } from "@/shared/releases/arms";
import type { Comparison, Rollout } from "@/shared/releases/queries";
import { ReleaseLink } from "@/shared/releases/ReleaseLink";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";

interface RolloutProps {
  rollout: Rollout;
  comparison: Comparison | undefined;
}

/** The state of a rollout as a badge. */
export function RolloutBadge({ rollout, comparison }: RolloutProps) {
  const { tone, name } = rolloutState(rollout, comparison);
  return <Badge tone={tone}>{name}</Badge>;
}

/** The releases that answer, with their shares if there are several. */
export function ArmList({ rollout }: { rollout: Rollout }) {
  const arms = armShares(rollout);
  if (arms.length === 0) return <span className="text-ink-3">No release answers.</span>;
  const [only] = arms;
  if (arms.length === 1 && only) return <ReleaseLink digest={only.release} withMessage />;
  return (
    <ul className="flex flex-col gap-0.5 py-1">
      {arms.map(({ name, release, share }, index) => (
        <li key={name} className="flex min-w-0 items-center gap-2">
          <span
            className="size-2 shrink-0 rounded-xs"
            style={{ background: `var(${armColour(index)})` }}
          />
          <span className="num w-9 shrink-0 text-right text-xs font-medium">
            {formatShare(share)}
          </span>
          <ReleaseLink digest={release} withMessage />
        </li>
      ))}
    </ul>
  );
}

interface RolloutLinkProps {
  useCase: string;
  environment: string;
  children?: string;
}

/** Leads to the rollout of a use case in an environment. */
export function RolloutLink({ useCase, environment, children = environment }: RolloutLinkProps) {
  const projectId = useProjectId();
  return (
    <Link
      to="/projects/$projectId/rollouts/$useCase/$environment"
      params={{ projectId, useCase, environment }}
      className="font-medium hover:text-accent hover:underline"
    >
      {children}
    </Link>
  );
}
