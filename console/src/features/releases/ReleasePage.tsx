import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense, type ReactNode } from "react";

import { LineageMap } from "@/features/releases/LineageMap";
import { Proof } from "@/features/releases/Proof";
import { lineageQuery } from "@/features/releases/queries";
import { MeasuresTable } from "@/shared/measures/MeasuresTable";
import { shortHash } from "@/shared/releases/arms";
import type { Release } from "@/shared/releases/queries";
import { RolloutLink } from "@/shared/releases/RolloutSummary";
import { CopyButton } from "@/shared/ui/Copyable";
import { DetailHeader, DetailPage } from "@/shared/ui/DetailPage";
import { Fact, Facts } from "@/shared/ui/Facts";
import { LINK_BUTTON_CLASSES } from "@/shared/ui/LinkButton";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Skeleton } from "@/shared/ui/Skeleton";
import { Cell, HeadCell } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

const JsonView = lazy(() => import("@/shared/ui/JsonView"));

const FROM = "/signed-in/projects/$projectId/releases/$release";

/** A release: what it is made of, where it is used, and how its calls go. */
export function ReleasePage() {
  const { projectId, release } = useParams({ from: FROM });
  const query = useQuery(lineageQuery(projectId, release));
  return (
    <DetailPage list={{ to: "/projects/$projectId/releases", name: "Releases" }}>
      <DetailHeader
        title={<span className="font-mono">{shortHash(release)}</span>}
        note={
          <>
            <CopyButton value={query.data?.release.digest ?? release} label="hash" />
            <span className="text-sm text-ink-2">{query.data?.release.message}</span>
          </>
        }
        actions={
          <Link
            to="/projects/$projectId/releases/_compare"
            params={{ projectId }}
            search={{ new: query.data?.release.digest ?? release }}
            className={LINK_BUTTON_CLASSES}
          >
            Compare…
          </Link>
        }
      />
      <QueryContent query={query}>
        {(lineage) => (
          <>
            <About release={lineage.release} />
            <Section title="Lineage">
              <LineageMap lineage={lineage} />
            </Section>
            <Proof release={lineage.release.digest} />
            {lineage.rollouts.length > 0 && (
              <Section title="Last 7 days">
                <MeasuresTable
                  label="Calls by place"
                  columns={<HeadCell className="w-full">Answers</HeadCell>}
                  slices={lineage.rollouts.map(({ use_case, environment }) => ({
                    key: `${use_case}/${environment}`,
                    cells: (
                      <Cell className="whitespace-nowrap">
                        <RolloutLink useCase={use_case} environment={environment}>
                          {`${use_case} in ${environment}`}
                        </RolloutLink>
                      </Cell>
                    ),
                    filter: {
                      release: [lineage.release.digest],
                      use_case: [use_case],
                      environment: [environment],
                      range: "7d",
                    },
                  }))}
                />
              </Section>
            )}
            <Content release={lineage.release} />
          </>
        )}
      </QueryContent>
    </DetailPage>
  );
}

function About({ release }: { release: Release }) {
  const parameters = Object.entries(release.parameters);
  return (
    <Facts label="About">
      {release.model && (
        <Fact name="Model or route">
          <span className="font-mono text-xs">{release.model}</span>
        </Fact>
      )}
      {parameters.map(([name, value]) => (
        <Fact key={name} name={name}>
          <span className="font-mono text-xs">
            {typeof value === "string" ? value : JSON.stringify(value)}
          </span>
        </Fact>
      ))}
      <Fact name="Author">{release.author}</Fact>
      <Fact name="Made">
        <RelativeTime at={release.created_at} />
      </Fact>
    </Facts>
  );
}

function Content({ release: { tools, response_schema } }: { release: Release }) {
  return (
    <>
      {tools.length > 0 && (
        <Section title="Tools">
          <Json label="Tools" value={tools} />
        </Section>
      )}
      {response_schema && (
        <Section title="Response schema">
          <Json label="Response schema" value={response_schema} />
        </Section>
      )}
    </>
  );
}

function Json({ label, value }: { label: string; value: unknown }) {
  return (
    <Suspense fallback={<Skeleton className="h-24" />}>
      <JsonView text={JSON.stringify(value, null, 2)} label={label} />
    </Suspense>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="pt-8">
      <h2 className="mb-2 text-sm font-medium">{title}</h2>
      {children}
    </section>
  );
}
