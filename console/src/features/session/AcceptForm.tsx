import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";

import { api, data } from "@/shared/api/client";
import { projectsQuery, sessionQuery } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { ErrorText } from "@/shared/ui/ErrorState";

/** For signed-in users: accepts the invitation, or signs out to use another account. */
export function AcceptForm({ token, label }: { token: string; label: string }) {
  const accept = useAccept(token);
  const signOut = useSignOut();
  const error = accept.error ?? signOut.error;
  return (
    <>
      {error && (
        <p role="alert" className="text-sm text-danger">
          <ErrorText error={error} />
        </p>
      )}
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
  const queries = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: () => data(api.POST("/api/v1/invitations/accept", { body: { token } })),
    onSuccess: async ({ project_id }) => {
      await queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
      await queries.invalidateQueries({ queryKey: projectsQuery.queryKey });
      const params = { projectId: project_id };
      await router.navigate({ to: "/projects/$projectId/overview", params, replace: true });
    },
  });
}

function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => data(api.DELETE("/api/v1/session")),
    onSuccess: () => queries.resetQueries({ queryKey: sessionQuery.queryKey }),
  });
}
