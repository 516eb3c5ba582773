import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { ScheduleFacts } from "@/features/evaluations/schedules/ScheduleFacts";
import { ScheduleState } from "@/features/evaluations/schedules/ScheduleList";
import {
  scheduleQuery,
  useRemoveSchedule,
  useStartSchedule,
  useSwitchSchedule,
  type Schedule,
} from "@/features/evaluations/schedules/queries";
import { StartLog } from "@/features/evaluations/schedules/StartLog";
import { useMay } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Notice } from "@/shared/ui/Notice";
import { QueryContent } from "@/shared/ui/QueryContent";

const FROM = "/signed-in/projects/$projectId/evaluations/_schedules/$name";

/** One schedule: what it measures and when, and the log of its runs. */
export function SchedulePage() {
  const { projectId, name } = useParams({ from: FROM });
  const query = useQuery(scheduleQuery(projectId, name));
  return (
    <DetailPage
      list={{ to: "/projects/$projectId/evaluations", name: "Schedules", view: "schedules" }}
    >
      <QueryContent query={query}>
        {(found) => (
          <>
            <DetailHeader
              title={found.name}
              note={<ScheduleState found={found} />}
              actions={<Actions found={found} />}
            />
            <ScheduleFacts found={found} />
            {found.error && (
              <div className="pt-3">
                <Notice tone="danger">{found.error}</Notice>
              </div>
            )}
            <StartLog name={found.name} />
          </>
        )}
      </QueryContent>
    </DetailPage>
  );
}

function Actions({ found }: { found: Schedule }) {
  const { projectId, name } = useParams({ from: FROM });
  const change = useSwitchSchedule(name);
  const start = useStartSchedule(name);
  const [removing, setRemoving] = useState(false);
  if (!useMay()("evaluations:run")) return null;
  const isRunning = found.state === "running";
  return (
    <>
      {!found.target.triggering_release && (
        <Button
          disabled={isRunning}
          title={isRunning ? "Its last run has not ended." : undefined}
          busy={start.isPending}
          onClick={() => start.mutate(undefined)}
        >
          Start now
        </Button>
      )}
      <Link
        to="/projects/$projectId/evaluations/_schedules/$name/edit"
        params={{ projectId, name }}
        className={LINK_BUTTON_CLASSES}
      >
        Edit
      </Link>
      <Button busy={change.isPending} onClick={() => change.mutate(!found.enabled)}>
        {found.enabled ? "Pause" : "Resume"}
      </Button>
      <Button onClick={() => setRemoving(true)}>Remove</Button>
      {removing && <RemoveDialog name={name} onClose={() => setRemoving(false)} />}
    </>
  );
}

function RemoveDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { projectId } = useParams({ from: FROM });
  const navigate = useNavigate();
  const mutation = useRemoveSchedule(() =>
    navigate({
      to: "/projects/$projectId/evaluations",
      params: { projectId },
      search: { view: "schedules" },
    }),
  );
  return (
    <ConfirmDialog
      title={`Remove “${name}”?`}
      confirm="Remove schedule"
      mutation={mutation}
      input={name}
      onClose={onClose}
    >
      It starts no more runs, and its log goes. Its runs stay. To stop for a while only, disable it.
    </ConfirmDialog>
  );
}
