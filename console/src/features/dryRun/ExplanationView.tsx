import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import type { Explanation } from "@/features/dryRun/queries";
import { Shadows } from "@/features/dryRun/Shadows";
import { LimitTable, TargetTable } from "@/features/dryRun/tables";
import { formatCount } from "@/shared/format/number";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Notice } from "@/shared/ui/Notice";

const STAGES: Record<string, string> = {
  authenticate: "when its key is checked",
  read: "when it is read",
  resolve: "when its model is looked up",
  limits: "by a limit",
  guardrails: "by a guardrail policy",
  cache: "when the cache is looked up",
  route: "by its route",
  provider: "when the provider’s request is written",
};

/** What the gateway would do with a request, in the order in which it would. */
export function ExplanationView({ found }: { found: Explanation }) {
  return (
    <div className="flex flex-col gap-6">
      <Outcome found={found} />
      <Section title="Where it goes" note={<RouteNote found={found} />}>
        {found.targets.length === 0 ? (
          <Nothing>It would reach no target.</Nothing>
        ) : (
          <TargetTable targets={found.targets} />
        )}
      </Section>
      {(found.shadow || found.rollout_shadow) && (
        <Section title="Shadow">
          <Shadows found={found} />
        </Section>
      )}
      <Section title="Limits that count it">
        {found.limits.length === 0 ? (
          <Nothing>None.</Nothing>
        ) : (
          <LimitTable limits={found.limits} />
        )}
      </Section>
      <Section title="Guardrails">
        <Guardrails found={found} />
      </Section>
      <Section title="Cache">
        <Nothing>{cacheText(found)}</Nothing>
      </Section>
    </div>
  );
}

function Outcome({ found: { rejection, caller, tags } }: { found: Explanation }) {
  const attributes = [...Object.entries(caller), ...Object.entries(tags)];
  return (
    <div className="flex flex-col gap-2">
      {rejection ? (
        <Notice tone="warn">
          <p className="font-medium">
            It would be rejected {STAGES[rejection.stage] ?? ""}:{" "}
            <span className="num">{rejection.status}</span>{" "}
            <span className="font-mono text-xs">{rejection.code}</span>
          </p>
          <p>{rejection.message}</p>
          {rejection.hint && <p className="text-ink-2">{rejection.hint}</p>}
        </Notice>
      ) : (
        <Notice tone="ok">
          <p className="font-medium">It would be sent to a provider.</p>
        </Notice>
      )}
      {attributes.length > 0 && (
        <p className="text-xs text-ink-2">
          As{" "}
          {attributes.map(([name, value]) => (
            <span key={name} className="mr-2">
              <span className="text-ink-3">{name}</span> {value}
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

function RouteNote({ found }: { found: Explanation }) {
  const projectId = useProjectId();
  if (!found.route) return null;
  return (
    <>
      {" – route "}
      <Link
        to="/projects/$projectId/routes/$name"
        params={{ projectId, name: found.route }}
        className="text-accent hover:underline"
      >
        {found.route}
      </Link>
      , version {found.route_version}, {found.strategy.replace("_", " ")}, at most{" "}
      {found.max_attempts} attempts{isDrawn(found) && "; the order is one draw of the weights"}
      {found.not_for_call.length > 0 && `; not for this call: ${found.not_for_call.join(", ")}`}
    </>
  );
}

/** Whether weights order targets that go at the same time. */
function isDrawn({ strategy, targets }: Explanation): boolean {
  const usual = targets.filter(({ after, admits }) => admits && after.length === 0);
  const priorities = new Set(usual.map(({ priority }) => priority));
  return strategy === "weighted" && priorities.size < usual.length;
}

function Guardrails({ found: { guardrails, findings } }: { found: Explanation }) {
  if (guardrails.length === 0) return <Nothing>No policy is for it.</Nothing>;
  return (
    <ul className="flex flex-col gap-1 text-sm">
      {guardrails.map(({ id, name, version, checks }) => (
        <li key={id} className="flex flex-wrap items-baseline gap-x-2">
          <span className="min-w-0 font-medium break-words">{name}</span>
          <span className="num text-xs text-ink-3">v{version}</span>
          <span className="font-mono text-xs break-all text-ink-2">{checks.join("  ")}</span>
        </li>
      ))}
      {findings.map(({ policy, detector, place, action, count, failure }) => (
        <li key={[policy, detector, place].join("\n")} className="text-xs">
          <Badge tone={action === "block" ? "danger" : "warn"}>{action}</Badge>{" "}
          <span className="font-mono">{detector}</span> in {place.replace("_", " ")}:{" "}
          {failure || `${formatCount(count)} found`}
        </li>
      ))}
      {findings.length === 0 && <Nothing>Their checks find nothing in the request.</Nothing>}
    </ul>
  );
}

function cacheText({ cache }: Explanation): string {
  if (!cache) return "The request would not come that far.";
  if (cache.hit) return "It has the answer now: no provider would be asked.";
  if (cache.looked_up) return "It is looked up and does not have the answer now.";
  return "It is not looked up: the request has no header x-penstock-cache.";
}

interface SectionProps {
  title: string;
  note?: ReactNode;
  children: ReactNode;
}

function Section({ title, note, children }: SectionProps) {
  return (
    <section aria-label={title}>
      <h2 className="mb-1 text-sm font-medium">
        {title}
        <span className="font-normal text-ink-2">{note}</span>
      </h2>
      {children}
    </section>
  );
}

function Nothing({ children }: { children: ReactNode }) {
  return <p className="text-sm text-ink-2">{children}</p>;
}
