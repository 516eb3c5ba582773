import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, data } from "@/shared/api/client";
import { storeSession } from "@/features/session/storeSession";
import { Button } from "@/shared/ui/Button";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Field } from "@/shared/ui/Field";

/** Signs in with email and password. */
export function SignInForm({ onSignedIn }: { onSignedIn: () => void }) {
  const queries = useQueryClient();
  const signIn = useMutation({
    mutationFn: (body: { email: string; password: string }) =>
      data(api.POST("/api/v1/session", { body })),
    onSuccess: (session) => {
      storeSession(queries, session);
      onSignedIn();
    },
  });
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        signIn.mutate({ email: formText(form, "email"), password: formText(form, "password") });
      }}
    >
      <Field label="Email" name="email" type="text" autoComplete="username" required autoFocus />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
      />
      {signIn.error && (
        <p role="alert" className="text-sm text-danger">
          <ErrorText error={signIn.error} />
        </p>
      )}
      <Button type="submit" kind="primary" busy={signIn.isPending}>
        Sign in
      </Button>
    </form>
  );
}

export function formText(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}
