import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";

import { api, data } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { projectsQuery, sessionQuery, useSignOut } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { ErrorNotice } from "@/shared/ui/ErrorState";

/** For signed-in users: accepts the invitation, or signs out to use another account. */
export function AcceptForm({ token, label }: { token: string; label: string }) {
  const queries = useQueryClient();
  const accept = useAccept(token);
  const signOut = useSignOut(() => queries.resetQueries({ queryKey: sessionQuery.queryKey }));
  const error = accept.error ?? signOut.error;
  return (
    <>
      {error && <ErrorNotice error={error} />}
      <Button kind="primary" busy={accept.isPending} onClick={() => accept.mutate()}>
        <span className="truncate">Join as {label}</span>
      </Button>
      <Button kind="quiet" busy={signOut.isPending} onClick={() => signOut.mutate()}>
        Use another account
      </Button>
    </>
  );
}

function useAccept(token: string) {
  const router = useRouter();
  return useApiMutation({
    run: () => data(api.POST("/api/v1/invitations/accept", { body: { token } })),
    invalidates: [sessionQuery.queryKey, projectsQuery.queryKey],
    onSuccess: ({ project_id }) => {
      const params = { projectId: project_id };
      return router.navigate({ to: "/projects/$projectId", params, replace: true });
    },
  });
}
