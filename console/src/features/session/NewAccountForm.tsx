import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";

import { storeSession } from "@/features/session/storeSession";
import { formText } from "@/features/session/SignInForm";
import { fieldError, hasFormError } from "@/shared/api/fieldErrors";
import { api, data } from "@/shared/api/client";
import { Button } from "@/shared/ui/Button";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Field } from "@/shared/ui/Field";

const MIN_PASSWORD_LENGTH = 12;

/** Creates an account and joins; the email may differ from the invited one. */
export function NewAccountForm({ token, email }: { token: string; email: string }) {
  const redeem = useRedeem(token);
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        redeem.mutate({ email: formText(form, "email"), password: formText(form, "password") });
      }}
    >
      <Field
        label="Email"
        name="email"
        type="text"
        autoComplete="username"
        required
        defaultValue={email}
        hint="Used to sign in."
        error={fieldError(redeem.error, "email")}
      />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        required
        autoFocus
        minLength={MIN_PASSWORD_LENGTH}
        hint={`At least ${MIN_PASSWORD_LENGTH} characters.`}
        error={fieldError(redeem.error, "password")}
      />
      {hasFormError(redeem.error, ["email", "password"]) && (
        <p role="alert" className="text-sm text-danger">
          <ErrorText error={redeem.error} />
        </p>
      )}
      <Button type="submit" kind="primary" busy={redeem.isPending}>
        Create account and join
      </Button>
    </form>
  );
}

function useRedeem(token: string) {
  const queries = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: (input: { email: string; password: string }) =>
      data(api.POST("/api/v1/invitations/redeem", { body: { token, ...input } })),
    onSuccess: async (session) => {
      storeSession(queries, session);
      await router.navigate({ to: "/", replace: true });
    },
  });
}
