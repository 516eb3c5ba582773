import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";

import { api, data, rememberCsrfToken } from "@/shared/api/client";
import { sessionQuery } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { ErrorText } from "@/shared/ui/ErrorState";
import { Field } from "@/shared/ui/Field";

export function SignInPage() {
  const signIn = useSignIn();
  const submit = (form: FormData) =>
    signIn.mutate({
      email: formText(form, "email"),
      password: formText(form, "password"),
    });
  return (
    <main className="grid h-full place-items-center bg-sunken p-4">
      <form
        className="flex w-full max-w-[340px] flex-col gap-3 rounded-lg border border-line bg-canvas p-6"
        onSubmit={(event) => {
          event.preventDefault();
          submit(new FormData(event.currentTarget));
        }}
      >
        <div className="mb-2 flex items-center gap-2.5">
          <img src="/favicon.svg" alt="" className="size-6" />
          <h1 className="text-lg font-semibold tracking-tight">Sign in to Penstock</h1>
        </div>
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
        <p className="text-xs text-ink-3">
          The first start printed address and password; they stand in{" "}
          <code className="font-mono">bootstrap.json</code> in Penstock’s home.
        </p>
      </form>
    </main>
  );
}

function useSignIn() {
  const queries = useQueryClient();
  const router = useRouter();
  const { to } = useSearch({ from: "/sign-in" });
  return useMutation({
    mutationFn: (body: { email: string; password: string }) =>
      data(api.POST("/api/v1/session", { body })),
    onSuccess: (session) => {
      rememberCsrfToken(session.csrf_token);
      queries.setQueryData(sessionQuery.queryKey, session);
      router.history.push(isOwnAddress(to) ? to : "/");
    },
  });
}

/** Addresses of this console only: the parameter may come from anywhere. */
function isOwnAddress(to: string | undefined): to is string {
  return to !== undefined && to.startsWith("/") && !/^\/[/\\]/.test(to);
}

function formText(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}
