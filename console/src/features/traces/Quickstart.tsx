import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import {
  CALL_LANGUAGES,
  chatModel,
  exampleCalls,
  modelsQuery,
  type CallLanguage,
} from "@/shared/exampleCalls";
import { useGatewayUrl } from "@/shared/gateway";
import { useProjectId } from "@/shared/session";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Tabs } from "@/shared/ui/Tabs";

const NAMES: Record<CallLanguage, string> = { curl: "curl", python: "Python", node: "Node" };
const KEY_PLACEHOLDER = "pk_…";

/** Shown before the first call: example code to send one. */
export function Quickstart() {
  const projectId = useProjectId();
  const gatewayUrl = useGatewayUrl();
  const model = chatModel(useQuery(modelsQuery(projectId)).data ?? []);
  const [language, setLanguage] = useState<string>("curl");
  const examples = exampleCalls({
    gatewayUrl,
    model: model ?? "provider/model",
    key: KEY_PLACEHOLDER,
  });
  return (
    <div className="thin-scroll min-h-0 flex-1 overflow-y-auto">
      <section className="mx-auto max-w-[760px] px-6 py-16">
        <h2 className="text-lg font-semibold tracking-tight">Send your first call</h2>
        <p className="mt-1 mb-6 text-sm text-ink-2">
          Use any OpenAI client with the gateway’s base URL. The call appears here within two
          seconds.
        </p>
        <ol className="mb-6 flex flex-col gap-2 text-sm">
          <li className="flex gap-3">
            <Step>1</Step>
            <span>
              <Link
                to="/projects/$projectId/keys"
                params={{ projectId }}
                className="font-medium text-accent hover:underline"
              >
                Create a key
              </Link>{" "}
              and insert it for <code className="font-mono text-xs">{KEY_PLACEHOLDER}</code>
            </span>
          </li>
          <li className="flex gap-3">
            <Step>2</Step>
            {model ? (
              <span>Run this code</span>
            ) : (
              <span>
                <Link
                  to="/projects/$projectId/providers"
                  params={{ projectId }}
                  className="font-medium text-accent hover:underline"
                >
                  Add a provider
                </Link>{" "}
                then run this code
              </span>
            )}
          </li>
        </ol>
        <Tabs
          label="Language"
          value={language}
          onChange={setLanguage}
          tabs={CALL_LANGUAGES.map((id) => ({
            id,
            label: NAMES[id],
            content: <CodeBlock label={`${NAMES[id]} example`} code={examples[id]} />,
          }))}
        />
      </section>
    </div>
  );
}

function Step({ children }: { children: string }) {
  return (
    <span className="grid size-5 shrink-0 place-items-center rounded-full border border-line-strong text-xs font-medium text-ink-2">
      {children}
    </span>
  );
}
