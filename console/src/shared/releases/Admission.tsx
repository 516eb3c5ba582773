import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { admissionQuery, useApproval } from "@/shared/releases/protection";
import { useProjectId } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { Notice } from "@/shared/ui/Notice";

interface AdmissionProps {
  release: string;
  use_case: string;
  environment: string;
}

/** What an environment demands and a release does not have; nothing if it may start. */
export function Admission(place: AdmissionProps) {
  const projectId = useProjectId();
  const approval = useApproval();
  const isHash = /^[0-9a-f]{64}$/.test(place.release);
  const admission = useQuery({ ...admissionQuery(projectId, place), enabled: isHash }).data;
  if (!isHash || !admission || admission.admitted) return null;
  const { missing } = admission;
  return (
    <Notice tone="warn">
      <p className="font-medium">It may not start in {place.environment} yet:</p>
      <ul className="list-disc pl-4">
        {missing.map(({ code, message }) => (
          <li key={code + message}>{message}</li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2 pt-2">
        <Link
          to="/projects/$projectId/releases/$release"
          params={{ projectId, release: place.release }}
          className={LINK_BUTTON_CLASSES}
        >
          Its evidence
        </Link>
        {missing.some(({ code }) => code === "approval_missing") && (
          <Button
            busy={approval.isPending}
            onClick={() => approval.mutate({ ...place, step: "request" })}
          >
            Request approval
          </Button>
        )}
      </div>
    </Notice>
  );
}
