import { useRouter, useSearch } from "@tanstack/react-router";

import { AuthCard } from "@/features/session/AuthCard";
import { SignInForm } from "@/features/session/SignInForm";

export function SignInPage() {
  const router = useRouter();
  const { to } = useSearch({ from: "/sign-in" });
  return (
    <AuthCard title="Sign in to Penstock">
      <SignInForm onSignedIn={() => router.history.push(isLocalPath(to) ? to : "/")} />
      <p className="text-xs text-ink-3">
        First time here? The admin’s email and password are in{" "}
        <code className="font-mono">bootstrap.json</code> in Penstock’s home folder. Other users
        need an invitation.
      </p>
    </AuthCard>
  );
}

/** Accepts paths of this console only, because anyone can set the parameter. */
function isLocalPath(to: string | undefined): to is string {
  return to !== undefined && to.startsWith("/") && !/^\/[/\\]/.test(to);
}
