import { useQueryClient } from "@tanstack/react-query";

import { storeSession } from "@/features/session/storeSession";
import { api, data } from "@/shared/api/client";
import { useApiMutation } from "@/shared/api/useApiMutation";
import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { TextField } from "@/shared/ui/Field";

/** Signs in with email and password. */
export function SignInForm({ onSignedIn }: { onSignedIn: () => void }) {
  const queries = useQueryClient();
  const signIn = useApiMutation({
    run: (body: { email: string; password: string }) => data(api.POST("/api/v1/session", { body })),
    onSuccess: (session) => {
      storeSession(queries, session);
      onSignedIn();
    },
  });
  const form = useForm({
    initial: { email: "", password: "" },
    mutation: signIn,
    toInput: (values) => values,
  });
  return (
    <Form form={form} submitLabel="Sign in">
      <TextField label="Email" {...form.text("email")} autoComplete="username" required autoFocus />
      <TextField
        label="Password"
        {...form.text("password")}
        type="password"
        autoComplete="current-password"
        required
      />
    </Form>
  );
}
