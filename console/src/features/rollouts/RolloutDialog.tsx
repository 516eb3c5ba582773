import {
  useEndShadow,
  usePause,
  usePromote,
  useResume,
  useRollBack,
  useStop,
  useUndo,
  type Place,
} from "@/features/rollouts/queries";
import { ReasonDialog } from "@/features/rollouts/ReasonDialog";
import { ShadowDialog } from "@/features/rollouts/ShadowDialog";
import { SharesDialog } from "@/features/rollouts/SharesDialog";
import { StartDialog } from "@/features/rollouts/StartDialog";
import { armShares } from "@/shared/releases/arms";
import type { Rollout } from "@/shared/releases/queries";

export type RolloutAction =
  | "start"
  | "stop"
  | "undo"
  | "pause"
  | "resume"
  | "promote"
  | "roll_back"
  | "shares"
  | "shadow"
  | "end_shadow";

interface RolloutDialogProps {
  action: RolloutAction;
  place: Place;
  rollout: Rollout | undefined;
  /** The version that the user sees: a change of another one is refused. */
  seen: number;
  onClose: () => void;
}

/** The dialog of an action on a rollout. */
export function RolloutDialog({ action, place, rollout, seen, onClose }: RolloutDialogProps) {
  const undo = useUndo(place, seen, onClose);
  const endShadow = useEndShadow(place, seen, onClose);
  const stop = useStop(place, seen, onClose);
  const pause = usePause(place, onClose);
  const resume = useResume(place, onClose);
  const promote = usePromote(place, seen, onClose);
  const rollBack = useRollBack(place, seen, onClose);
  if (action === "start") return <StartDialog place={place} seen={seen} onClose={onClose} />;
  if (action === "shares") {
    return rollout && <SharesDialog place={place} rollout={rollout} onClose={onClose} />;
  }
  if (action === "shadow") {
    return rollout && <ShadowDialog place={place} rollout={rollout} onClose={onClose} />;
  }
  const dialogs = {
    end_shadow: {
      title: "End the shadow?",
      confirm: "End shadow",
      mutation: endShadow,
      text: "No more copies of calls are sent. What it has shown stays in the traces.",
    },
    undo: {
      title: "Undo the last change?",
      confirm: "Undo",
      mutation: undo,
      text: "What answered before answers again within a second. A comparison ends.",
    },
    stop: {
      title: "Stop the rollout?",
      confirm: "Stop",
      mutation: stop,
      text: `No release answers any more: calls of “${place.use_case}” in ${place.environment} fail.`,
    },
    pause: {
      title: "Pause the comparison?",
      confirm: "Pause",
      mutation: pause,
      text: "The shares stay as they are, and nothing is decided until somebody resumes it.",
    },
    resume: {
      title: "Resume the comparison?",
      confirm: "Resume",
      mutation: resume,
      text: "The comparison begins anew: you have judged the evidence before.",
    },
    promote: {
      title: "Promote a release?",
      confirm: "Promote",
      mutation: promote,
      text: "It answers all calls within a second, and the comparison ends.",
    },
    roll_back: {
      title: "Roll back?",
      confirm: "Roll back",
      mutation: rollBack,
      text: "The baseline answers all calls again within a second, and the comparison ends.",
    },
  } as const;
  const { title, confirm, mutation, text } = dialogs[action];
  return (
    <ReasonDialog
      title={title}
      confirm={confirm}
      mutation={mutation}
      arms={action === "promote" ? candidatesOf(rollout) : []}
      onClose={onClose}
    >
      {text}
    </ReasonDialog>
  );
}

function candidatesOf(rollout: Rollout | undefined): string[] {
  const arms = rollout ? armShares(rollout) : [];
  return arms.filter(({ isBaseline }) => !isBaseline).map(({ name }) => name);
}
