import { useQuery } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import { useState } from "react";

import { AcceptForm } from "@/features/session/AcceptForm";
import { AuthCard } from "@/features/session/AuthCard";
import { invalidInvitationTitle, invitationQuery, type Offer } from "@/features/session/invitation";
import { NewAccountForm } from "@/features/session/NewAccountForm";
import { SignInForm } from "@/features/session/SignInForm";
import { formatDateTime } from "@/shared/format/time";
import { roleName } from "@/shared/roles";
import { sessionQuery } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { errorText } from "@/shared/ui/ErrorState";
import { SkeletonRows } from "@/shared/ui/Skeleton";

/** The page that an invitation link opens. The token is in the URL's fragment. */
export function InvitationPage() {
  const token = useRouterState({ select: (state) => state.location.hash });
  const offer = useQuery({ ...invitationQuery(token), enabled: token !== "" });
  const session = useQuery(sessionQuery);
  if (!token)
    return (
      <InvalidInvitation title="This link is incomplete">
        Copy the whole link and open it again.
      </InvalidInvitation>
    );
  if (offer.error) {
    return (
      <InvalidInvitation title={invalidInvitationTitle(offer.error)}>
        {errorText(offer.error)}
      </InvalidInvitation>
    );
  }
  if (!offer.data || session.isPending) {
    return (
      <AuthCard title="Invitation">
        <SkeletonRows rows={3} />
      </AuthCard>
    );
  }
  return (
    <AuthCard title={`Join ${offer.data.project_name}`}>
      <InvitationDetails offer={offer.data} />
      {session.data ? (
        <AcceptForm token={token} label={session.data.label} />
      ) : (
        <AccountChoice token={token} offer={offer.data} />
      )}
    </AuthCard>
  );
}

function InvitationDetails({ offer }: { offer: Offer }) {
  return (
    <p className="text-sm text-ink-2">
      {offer.invited_by ? `${offer.invited_by} invited you as` : "You are invited as"}{" "}
      <strong className="font-medium text-ink">{roleName(offer.role)}</strong>. The link works once
      and expires {formatDateTime(offer.expires_at)}.
    </p>
  );
}

/** For visitors: creates an account, or signs in with an existing one. */
function AccountChoice({ token, offer }: { token: string; offer: Offer }) {
  const [hasAccount, setHasAccount] = useState(false);
  return (
    <>
      {hasAccount ? (
        <SignInForm onSignedIn={() => undefined} />
      ) : (
        <NewAccountForm token={token} email={offer.email} />
      )}
      <Button kind="quiet" onClick={() => setHasAccount(!hasAccount)}>
        {hasAccount ? "Create a new account" : "I already have an account"}
      </Button>
    </>
  );
}

function InvalidInvitation({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <AuthCard title={title}>
      <p role="alert" className="text-sm text-ink-2">
        {children}
      </p>
      <Link to="/" className="text-sm font-medium text-accent hover:underline">
        Go to Penstock
      </Link>
    </AuthCard>
  );
}
