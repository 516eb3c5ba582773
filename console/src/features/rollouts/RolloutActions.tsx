import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check, Pause, Play, Undo2 } from "lucide-react";
import { useState } from "react";

import { RolloutDialog, type RolloutAction } from "@/features/rollouts/RolloutDialog";
import type { Place, RolloutChange } from "@/features/rollouts/queries";
import { useCaseQuery, type Comparison, type Rollout } from "@/shared/releases/queries";
import { useHasRole, useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { MenuItem } from "@/shared/ui/Menu";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";

interface RolloutActionsProps {
  place: Place;
  rollout: Rollout | undefined;
  comparison: Comparison | undefined;
  history: readonly RolloutChange[];
}

/** What the user may do with a rollout now. */
export function RolloutActions(props: RolloutActionsProps) {
  const { place, rollout, history } = props;
  const [action, setAction] = useState<RolloutAction>();
  const useCase = useQuery(useCaseQuery(useProjectId(), place.use_case)).data;
  const environment = useCase?.environments.find(({ name }) => name === place.environment);
  const mayChange = useHasRole(environment?.role ?? "owner");
  if (!mayChange) return null;
  return (
    <>
      <Buttons {...props} onAction={setAction} />
      {rollout && <MoreActions {...props} onAction={setAction} />}
      {action && (
        <RolloutDialog
          action={action}
          place={place}
          rollout={rollout}
          seen={rollout?.version ?? history[0]?.version ?? 0}
          onClose={() => setAction(undefined)}
        />
      )}
    </>
  );
}

type ButtonsProps = RolloutActionsProps & { onAction: (action: RolloutAction) => void };

function Buttons({ place, rollout, comparison, history, onAction }: ButtonsProps) {
  const projectId = useProjectId();
  return (
    <>
      {comparison && <ComparisonButtons comparison={comparison} onAction={onAction} />}
      {rollout && !comparison && (
        <Link
          to="/projects/$projectId/rollouts/$useCase/$environment/_compare"
          params={{ projectId, useCase: place.use_case, environment: place.environment }}
          className={LINK_BUTTON_CLASSES}
        >
          Compare releases
        </Link>
      )}
      {!comparison && (
        <Button kind={rollout ? "plain" : "primary"} onClick={() => onAction("start")}>
          Start release
        </Button>
      )}
      {history.length > 1 && (
        <Button onClick={() => onAction("undo")}>
          <Undo2 size={14} />
          Undo
        </Button>
      )}
    </>
  );
}

function MoreActions({ comparison, rollout, onAction }: ButtonsProps) {
  return (
    <RowMenu subject="the rollout">
      <MenuItem onSelect={() => onAction("shadow")}>
        {rollout?.shadow ? "Change shadow…" : "Start shadow…"}
      </MenuItem>
      {rollout?.shadow && <MenuItem onSelect={() => onAction("end_shadow")}>End shadow…</MenuItem>}
      {comparison && <MenuItem onSelect={() => onAction("shares")}>Change shares…</MenuItem>}
      {comparison && <MenuItem onSelect={() => onAction("start")}>Start release…</MenuItem>}
      <DangerMenuItem onSelect={() => onAction("stop")}>Stop…</DangerMenuItem>
    </RowMenu>
  );
}

interface ComparisonButtonsProps {
  comparison: Comparison;
  onAction: (action: RolloutAction) => void;
}

function ComparisonButtons({ comparison, onAction }: ComparisonButtonsProps) {
  return (
    <>
      <Button kind="primary" onClick={() => onAction("promote")}>
        <Check size={14} />
        Promote
      </Button>
      {comparison.status === "running" ? (
        <Button onClick={() => onAction("pause")}>
          <Pause size={14} />
          Pause
        </Button>
      ) : (
        <Button onClick={() => onAction("resume")}>
          <Play size={14} />
          Resume
        </Button>
      )}
      <Button kind="danger" onClick={() => onAction("roll_back")}>
        Roll back
      </Button>
    </>
  );
}
