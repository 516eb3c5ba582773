import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";

import { storeSession } from "@/features/session/storeSession";
import { api, data } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { TextField } from "@/shared/ui/Field";

const MIN_PASSWORD_LENGTH = 12;

/** Creates an account and joins; the email may differ from the invited one. */
export function NewAccountForm({ token, email }: { token: string; email: string }) {
  const form = useForm({
    initial: { email, password: "" },
    mutation: useRedeem(token),
    toInput: (values) => values,
  });
  return (
    <Form form={form} submitLabel="Create account and join">
      <TextField
        label="Email"
        {...form.text("email")}
        autoComplete="username"
        required
        hint="Used to sign in."
      />
      <TextField
        label="Password"
        {...form.text("password")}
        type="password"
        autoComplete="new-password"
        required
        autoFocus
        minLength={MIN_PASSWORD_LENGTH}
        hint={`At least ${MIN_PASSWORD_LENGTH} characters.`}
      />
    </Form>
  );
}

function useRedeem(token: string) {
  const queries = useQueryClient();
  const router = useRouter();
  return useApiMutation({
    run: (account: { email: string; password: string }) =>
      data(api.POST("/api/v1/invitations/redeem", { body: { token, ...account } })),
    onSuccess: (session) => {
      storeSession(queries, session);
      return router.navigate({ to: "/", replace: true });
    },
  });
}
