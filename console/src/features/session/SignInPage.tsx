import { useRouter, useSearch } from "@tanstack/react-router";

import { Card } from "@/features/session/Card";
import { SignInForm } from "@/features/session/SignInForm";

export function SignInPage() {
  const router = useRouter();
  const { to } = useSearch({ from: "/sign-in" });
  return (
    <Card title="Sign in to Penstock">
      <SignInForm onSignedIn={() => router.history.push(isOwnAddress(to) ? to : "/")} />
      <p className="text-xs text-ink-3">
        The first start printed address and password; they stand in{" "}
        <code className="font-mono">bootstrap.json</code> in Penstock’s home. Others need an
        invitation.
      </p>
    </Card>
  );
}

/** Addresses of this console only: the parameter may come from anywhere. */
function isOwnAddress(to: string | undefined): to is string {
  return to !== undefined && to.startsWith("/") && !/^\/[/\\]/.test(to);
}
