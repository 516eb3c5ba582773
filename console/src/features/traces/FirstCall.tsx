import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import {
  CALL_LANGUAGES,
  chatModel,
  firstCall,
  modelsQuery,
  type CallLanguage,
} from "@/shared/firstCall";
import { useGatewayUrl } from "@/shared/gateway";
import { useProjectId } from "@/shared/session";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Tabs } from "@/shared/ui/Tabs";

const NAMES: Record<CallLanguage, string> = { curl: "curl", python: "Python", node: "Node" };
const KEY_PLACE = "pk_…";

/** Nothing was called yet: the exact lines that do it. */
export function FirstCall() {
  const projectId = useProjectId();
  const gatewayUrl = useGatewayUrl();
  const model = chatModel(useQuery(modelsQuery(projectId)).data ?? []);
  const [language, setLanguage] = useState<string>("curl");
  const lines = firstCall({ gatewayUrl, model: model ?? "provider/model", key: KEY_PLACE });
  return (
    <div className="thin-scroll min-h-0 flex-1 overflow-y-auto">
      <section className="mx-auto max-w-[760px] px-6 py-16">
        <h2 className="text-lg font-semibold tracking-tight">Send your first call</h2>
        <p className="mt-1 mb-6 text-sm text-ink-2">
          Any OpenAI client will do: point it at the gateway. The call shows up here by itself
          within two seconds.
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
              and put it in place of <code className="font-mono text-xs">{KEY_PLACE}</code>
            </span>
          </li>
          <li className="flex gap-3">
            <Step>2</Step>
            {model ? (
              <span>Run these lines</span>
            ) : (
              <span>
                <Link
                  to="/projects/$projectId/providers"
                  params={{ projectId }}
                  className="font-medium text-accent hover:underline"
                >
                  Add a provider
                </Link>{" "}
                whose models to call, then run these lines
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
            content: <CodeBlock label={`${NAMES[id]} lines`} code={lines[id]} />,
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
