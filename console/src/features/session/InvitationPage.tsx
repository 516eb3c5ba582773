import { useQuery } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import { useState } from "react";

import { AcceptForm } from "@/features/session/AcceptForm";
import { Card } from "@/features/session/Card";
import { deadTitle, offerQuery, type Offer } from "@/features/session/invitation";
import { NewAccountForm } from "@/features/session/NewAccountForm";
import { SignInForm } from "@/features/session/SignInForm";
import { formatDateTime } from "@/shared/format/time";
import { roleName } from "@/shared/roles";
import { sessionQuery } from "@/shared/session";
import { Button } from "@/shared/ui/Button";
import { ErrorText } from "@/shared/ui/ErrorState";
import { SkeletonRows } from "@/shared/ui/Skeleton";

/** What an invitation link opens. The token stands in the address's fragment. */
export function InvitationPage() {
  const token = useRouterState({ select: (state) => state.location.hash });
  const offer = useQuery({ ...offerQuery(token), enabled: token !== "" });
  const session = useQuery(sessionQuery);
  if (!token) return <Dead title="This link is incomplete">Copy all of it, up to its end.</Dead>;
  if (offer.error) {
    return (
      <Dead title={deadTitle(offer.error)}>
        <ErrorText error={offer.error} />
      </Dead>
    );
  }
  if (!offer.data || session.isPending) {
    return (
      <Card title="Invitation">
        <SkeletonRows rows={3} />
      </Card>
    );
  }
  return (
    <Card title={`Join ${offer.data.project_name}`}>
      <Terms offer={offer.data} />
      {session.data ? (
        <AcceptForm token={token} label={session.data.label} />
      ) : (
        <WaysIn token={token} offer={offer.data} />
      )}
    </Card>
  );
}

function Terms({ offer }: { offer: Offer }) {
  return (
    <p className="text-sm text-ink-2">
      {offer.invited_by ? `${offer.invited_by} invites you as` : "You are invited as"}{" "}
      <strong className="font-medium text-ink">{roleName(offer.role)}</strong>. The link works once,
      until {formatDateTime(offer.expires_at)}.
    </p>
  );
}

/** Not signed in: a new account, or the one that one has. */
function WaysIn({ token, offer }: { token: string; offer: Offer }) {
  const [known, setKnown] = useState(false);
  return (
    <>
      {known ? (
        <SignInForm onSignedIn={() => undefined} />
      ) : (
        <NewAccountForm token={token} email={offer.email} />
      )}
      <Button kind="quiet" onClick={() => setKnown(!known)}>
        {known ? "I am new here" : "I have an account"}
      </Button>
    </>
  );
}

function Dead({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Card title={title}>
      <p role="alert" className="text-sm text-ink-2">
        {children}
      </p>
      <Link to="/" className="text-sm font-medium text-accent hover:underline">
        Go to Penstock
      </Link>
    </Card>
  );
}
