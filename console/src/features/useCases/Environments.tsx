import { useQuery } from "@tanstack/react-query";
import { Lock } from "lucide-react";

import {
  at,
  comparisonsQuery,
  rolloutsQuery,
  type Comparison,
  type Rollout,
  type UseCase,
} from "@/shared/releases/queries";
import { ArmList, RolloutBadge, RolloutLink } from "@/shared/releases/RolloutSummary";
import { roleName } from "@/shared/roles";
import { useHasRole, useProjectId } from "@/shared/session";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

type Environment = UseCase["environments"][number];

/** What answers the calls of a use case in each of its environments. */
export function Environments({ useCase }: { useCase: UseCase }) {
  const projectId = useProjectId();
  const query = useQuery(rolloutsQuery(projectId));
  const comparisons = useQuery(comparisonsQuery(projectId)).data;
  return (
    <section aria-label="Environments" className="pt-6">
      <h2 className="mb-1 text-sm font-medium">What answers</h2>
      <QueryContent query={query}>
        {(rollouts) => (
          <Table label="Environments">
            <TableHead>
              <HeadCell>Environment</HeadCell>
              <HeadCell>State</HeadCell>
              <HeadCell className="w-full">Releases</HeadCell>
              <HeadCell className={FROM_MD}>Changed by</HeadCell>
              <HeadCell className={FROM_MD}>Since</HeadCell>
            </TableHead>
            <tbody>
              {useCase.environments.map((environment) => (
                <EnvironmentRow
                  key={environment.name}
                  useCase={useCase.name}
                  environment={environment}
                  rollout={at(rollouts, useCase.name, environment.name)}
                  comparison={at(comparisons, useCase.name, environment.name)}
                />
              ))}
            </tbody>
          </Table>
        )}
      </QueryContent>
    </section>
  );
}

interface EnvironmentRowProps {
  useCase: string;
  environment: Environment;
  rollout: Rollout | undefined;
  comparison: Comparison | undefined;
}

function EnvironmentRow({ useCase, environment, rollout, comparison }: EnvironmentRowProps) {
  const { name, role } = environment;
  return (
    <Row>
      <Cell className="whitespace-nowrap">
        <span className="inline-flex items-center gap-1.5">
          <RolloutLink useCase={useCase} environment={name} />
          {environment.protected && (
            <span title="Protected">
              <Lock size={12} aria-label="protected" className="text-ink-3" />
            </span>
          )}
        </span>
      </Cell>
      <Cell>{rollout && <RolloutBadge rollout={rollout} comparison={comparison} />}</Cell>
      <Cell className="max-w-0">
        {rollout ? (
          <ArmList rollout={rollout} />
        ) : (
          <NoRelease useCase={useCase} environment={environment} />
        )}
      </Cell>
      <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>{roleName(role)}s</Cell>
      <Cell className={`text-ink-2 ${FROM_MD}`}>
        {rollout && <RelativeTime at={rollout.updated_at} />}
      </Cell>
    </Row>
  );
}

function NoRelease({ useCase, environment }: { useCase: string; environment: Environment }) {
  const mayStart = useHasRole(environment.role);
  return (
    <span className="text-ink-3">
      No release answers here.{" "}
      {mayStart && (
        <RolloutLink useCase={useCase} environment={environment.name}>
          Start one
        </RolloutLink>
      )}
    </span>
  );
}
