import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { chatModel, modelsQuery } from "@/shared/exampleCalls";
import { ExampleCode } from "@/shared/ExampleCode";
import { useGatewayUrl } from "@/shared/gateway";
import { useProjectId } from "@/shared/session";

const KEY_PLACEHOLDER = "pk_…";

/** Shown before the first call: example code to send one. */
export function Quickstart() {
  const projectId = useProjectId();
  const gatewayUrl = useGatewayUrl();
  const model = chatModel(useQuery(modelsQuery(projectId)).data ?? []);
  const call = { gatewayUrl, model: model ?? "provider/model", key: KEY_PLACEHOLDER };
  return (
    <div className="thin-scroll min-h-0 flex-1 overflow-y-auto">
      <section className="mx-auto max-w-[760px] px-6 py-16">
        <h2 className="text-lg font-semibold tracking-tight">Send your first call</h2>
        <p className="mt-1 mb-6 text-sm text-ink-2">
          Use any OpenAI client with the gateway’s base URL. The call appears here within two
          seconds.
        </p>
        <ol className="mb-6 flex list-decimal flex-col gap-2 pl-5 text-sm marker:text-ink-3">
          {!model && (
            <Step>
              <PageLink to="/projects/$projectId/providers">Add a provider</PageLink>
            </Step>
          )}
          <Step>
            <PageLink to="/projects/$projectId/keys">Create a key</PageLink> and insert it for{" "}
            <code className="font-mono text-xs">{KEY_PLACEHOLDER}</code>
          </Step>
          <Step>Run this code:</Step>
        </ol>
        <ExampleCode call={call} />
      </section>
    </div>
  );
}

function Step({ children }: { children: ReactNode }) {
  return <li className="pl-1">{children}</li>;
}

type ProjectPage = "/projects/$projectId/keys" | "/projects/$projectId/providers";

function PageLink({ to, children }: { to: ProjectPage; children: string }) {
  return (
    <Link
      to={to}
      params={{ projectId: useProjectId() }}
      className="font-medium text-accent hover:underline"
    >
      {children}
    </Link>
  );
}
