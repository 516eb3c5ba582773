import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/shared/api/client";

/** The models of a project, by the names that calls use. */
export function modelsQuery(projectId: string) {
  return queryOptions({
    queryKey: ["model-names", projectId],
    queryFn: async () => {
      const path = { project_id: projectId };
      const call = api.GET("/api/v1/projects/{project_id}/providers", { params: { path } });
      const { items } = await data(call);
      return items.flatMap(({ name, models }) => models.map((model) => `${name}/${model}`));
    },
    staleTime: 30_000,
  });
}

/** The first chat model, judged by name; else the first model. */
export function chatModel(models: readonly string[]): string | undefined {
  return models.find((model) => !NOT_CHAT.test(model)) ?? models[0];
}

const NOT_CHAT = /embed|rerank|whisper|tts|dall-e|image|moderation|transcribe|realtime/i;

export interface ExampleCall {
  gatewayUrl: string;
  model: string;
  /** The key's secret, or a placeholder. */
  key: string;
}

/** Code that sends a first call, by language. */
export function exampleCalls({
  gatewayUrl,
  model,
  key,
}: ExampleCall): Record<CallLanguage, string> {
  const curl = `curl ${gatewayUrl}/v1/chat/completions \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello!"}]}'`;
  const python = `from openai import OpenAI

client = OpenAI(base_url="${gatewayUrl}/v1", api_key="${key}")
answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "Hello!"}],
)
print(answer.choices[0].message.content)`;
  const node = `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${gatewayUrl}/v1", apiKey: "${key}" });
const answer = await client.chat.completions.create({
  model: "${model}",
  messages: [{ role: "user", content: "Hello!" }],
});
console.log(answer.choices[0].message.content);`;
  return { curl, python, node };
}

export const CALL_LANGUAGES = [
  { id: "curl", name: "curl" },
  { id: "python", name: "Python" },
  { id: "node", name: "Node" },
] as const;
type CallLanguage = (typeof CALL_LANGUAGES)[number]["id"];
