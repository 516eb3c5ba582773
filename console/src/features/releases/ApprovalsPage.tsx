import { useQuery } from "@tanstack/react-query";

import { ApprovalCard } from "@/features/releases/ApprovalCard";
import { ApprovalRows } from "@/features/releases/ApprovalRows";
import { approvalsQuery, type Approval } from "@/shared/releases/protection";
import { recentReleasesQuery } from "@/shared/releases/queries";
import { useMay, useProjectId, useSession } from "@/shared/session";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { QueryContent } from "@/shared/ui/QueryContent";

/** The approvals of releases: those that wait for the user, those that the user asked for, others. */
export function ApprovalsPage() {
  const query = useQuery(approvalsQuery(useProjectId()));
  const isMine = useIsMine();
  const mayApprove = useMay()("releases:approve");
  return (
    <DetailPage list={{ to: "/projects/$projectId/releases", name: "Releases" }}>
      <DetailHeader title="Approvals" />
      <QueryContent query={query}>
        {(approvals) => {
          const waiting = approvals.filter((each) => each.state === "requested" && !isMine(each));
          const mine = approvals.filter(isMine);
          const others = approvals.filter((each) => each.state !== "requested" && !isMine(each));
          return (
            <>
              <Waiting approvals={waiting} mayApprove={mayApprove} />
              <ApprovalRows title="You asked for" approvals={mine} steps={["withdraw"]} />
              <ApprovalRows title="Decided" approvals={others} steps={[]} />
            </>
          );
        }}
      </QueryContent>
    </DetailPage>
  );
}

/** Whether the user asked for an approval, or made its release: another one decides then. */
function useIsMine(): (approval: Approval) => boolean {
  const { label } = useSession();
  const releases = useQuery(recentReleasesQuery(useProjectId())).data ?? [];
  const own = new Set(releases.filter(({ author }) => author === label).map((each) => each.digest));
  return ({ requester, release }) => requester === label || own.has(release);
}

interface WaitingProps {
  approvals: readonly Approval[];
  mayApprove: boolean;
}

function Waiting({ approvals, mayApprove }: WaitingProps) {
  const title = mayApprove ? "Waits for your approval" : "Waits for an approval";
  return (
    <section aria-label={title} className="pt-4">
      <h2 className="mb-1 text-sm font-medium">{title}</h2>
      {approvals.length === 0 && (
        <p className="py-2 text-sm text-ink-3">
          Nothing. An approval is requested where a release needs one to start.
        </p>
      )}
      <div className="flex flex-col gap-3">
        {approvals.map((approval, index) => (
          <ApprovalCard
            key={`${approval.release} ${approval.use_case}/${approval.environment}`}
            approval={approval}
            mayApprove={mayApprove}
            open={index === 0}
          />
        ))}
      </div>
    </section>
  );
}
