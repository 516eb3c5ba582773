import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { Environments } from "@/features/useCases/Environments";
import { Quality } from "@/features/useCases/Quality";
import { useRemoveUseCase } from "@/features/useCases/queries";
import { RISK_TONES, STATUS_TONES } from "@/features/useCases/words";
import { ExampleCode } from "@/shared/ExampleCode";
import { useGatewayUrl } from "@/shared/gateway";
import { useCaseQuery, type UseCase } from "@/shared/releases/queries";
import { useHasRole, useMay } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { CopyButton } from "@/shared/ui/Copyable";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { Disclosure } from "@/shared/ui/Disclosure";
import { Fact, Facts } from "@/shared/ui/Facts";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { QueryContent } from "@/shared/ui/QueryContent";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";
import { RelativeTime } from "@/shared/ui/Values";

const FROM = "/signed-in/projects/$projectId/use-cases/$name";

/** A use case: what it is for, what answers it, and how good the answers are. */
export function UseCasePage() {
  const { projectId, name } = useParams({ from: FROM });
  const query = useQuery(useCaseQuery(projectId, name));
  return (
    <DetailPage list={{ to: "/projects/$projectId/use-cases", name: "Use cases" }}>
      <Header name={name} useCase={query.data} />
      <QueryContent query={query}>
        {(useCase) => (
          <>
            <About useCase={useCase} />
            <Environments useCase={useCase} />
            <Quality useCase={useCase} />
            <CallIt name={useCase.name} />
          </>
        )}
      </QueryContent>
    </DetailPage>
  );
}

function Header({ name, useCase }: { name: string; useCase: UseCase | undefined }) {
  const canWrite = useHasRole("editor");
  const { projectId } = useParams({ from: FROM });
  const navigate = useNavigate();
  const [removing, setRemoving] = useState(false);
  const leave = () =>
    void navigate({ to: "/projects/$projectId/use-cases", params: { projectId } });
  const removal = useRemoveUseCase(leave);
  return (
    <>
      <DetailHeader
        title={name}
        note={
          <>
            <CopyButton value={name} label="name" />
            {useCase && (
              <>
                <Badge tone={STATUS_TONES[useCase.status]}>{useCase.status}</Badge>
                <span className="num text-sm text-ink-3">version {useCase.version}</span>
              </>
            )}
          </>
        }
        actions={
          useCase && (
            <>
              <ShortlistLink useCase={useCase} />
              {canWrite && (
                <>
                  <Link
                    to="/projects/$projectId/use-cases/$name/edit"
                    params={{ projectId, name }}
                    className={LINK_BUTTON_CLASSES}
                  >
                    Edit
                  </Link>
                  <RowMenu subject={name}>
                    <DangerMenuItem onSelect={() => setRemoving(true)}>Remove…</DangerMenuItem>
                  </RowMenu>
                </>
              )}
            </>
          )
        }
      />
      {removing && (
        <ConfirmDialog
          title={`Remove “${name}”?`}
          confirm="Remove use case"
          mutation={removal}
          input={name}
          onClose={() => setRemoving(false)}
        >
          Calls that name it as their model fail from then on. Its releases and traces are kept. A
          use case that a release answers cannot be removed: stop its rollouts first.
        </ConfirmDialog>
      )}
    </>
  );
}

/** Leads to the models that reach the least values of its criteria. */
function ShortlistLink({ useCase: { name, criteria } }: { useCase: UseCase }) {
  const { projectId } = useParams({ from: FROM });
  if (!useMay()("providers:read")) return null;
  const least = criteria.filter(({ at_least }) => at_least !== null);
  const scores = least.map((each) => `${each.name}=${each.at_least}`).join(", ");
  return (
    <Link
      to="/projects/$projectId/models/_shortlist"
      params={{ projectId }}
      search={{ use_case: name, ...(scores && { scores }) }}
      className={LINK_BUTTON_CLASSES}
    >
      Find models
    </Link>
  );
}

function About({ useCase }: { useCase: UseCase }) {
  const { purpose, owner, risk_tier, data_classes, intended_domain, intended_users } = useCase;
  return (
    <>
      {purpose && <p className="max-w-3xl pb-3 whitespace-pre-line text-ink-2">{purpose}</p>}
      <Facts label="About">
        <Fact name="Owner">{owner || <Unknown />}</Fact>
        <Fact name="Risk tier">
          <Badge tone={RISK_TONES[risk_tier]}>{risk_tier}</Badge>
        </Fact>
        <Fact name="Data">{data_classes.length > 0 ? data_classes.join(", ") : <Unknown />}</Fact>
        {intended_domain && (
          <Fact name="Intended domain">
            <p className="max-w-md font-normal">{intended_domain}</p>
          </Fact>
        )}
        {intended_users && (
          <Fact name="Intended users">
            <p className="max-w-md font-normal">{intended_users}</p>
          </Fact>
        )}
        <Fact name="Updated">
          <RelativeTime at={useCase.updated_at} />
        </Fact>
      </Facts>
    </>
  );
}

function Unknown() {
  return <span className="font-normal text-ink-3">not stated</span>;
}

function CallIt({ name }: { name: string }) {
  const gatewayUrl = useGatewayUrl();
  return (
    <section aria-label="Example" className="pt-8">
      <Disclosure title="Call it">
        <ExampleCode call={{ gatewayUrl, model: name, key: "$PENSTOCK_KEY" }} />
      </Disclosure>
    </section>
  );
}
