import type { Schemas } from "@/shared/api/client";

/** How a server differs from the API that it has, by name. */
export type Quirks = Schemas["ProviderView"]["quirks"];

/** A quirk that the form offers. With `values` it is one of these, otherwise a text. */
export interface Quirk {
  name: string;
  label: string;
  hint: string;
  values?: readonly [value: string, label: string][];
  example?: string;
  /** The kinds of providers that have it; left out: all. */
  kinds?: readonly string[];
}

const OPENAI = ["openai-compatible", "azure"];
const CHAT_FIELDS = ["openai-compatible", "azure", "vertex", "replicate", "triton"];
const ONE_PROMPT = ["replicate", "triton"];
const YES: Quirk["values"] = [["yes", "Yes"]];

export const QUIRKS: readonly Quirk[] = [
  {
    name: "media_urls",
    label: "Media by URL",
    hint: "The gateway fetches images and documents that requests name by URL, and sends their bytes.",
    values: [["fetch", "Fetch"]],
  },
  {
    name: "passthrough",
    label: "Other paths",
    hint: "Keys may call all paths of the provider, below /passthrough.",
    values: YES,
  },
  {
    name: "stream_usage",
    label: "Token usage in streams",
    hint: "Whether the server takes stream_options, with which usage is requested.",
    values: [["no", "Do not request usage"]],
    kinds: OPENAI,
  },
  {
    name: "terminator",
    label: "End of stream",
    hint: "What ends a complete stream, if it is not [DONE].",
    values: [["finish_reason", "finish_reason"]],
    kinds: OPENAI,
  },
  {
    name: "key_header",
    label: "Key header",
    hint: "Instead of Authorization with a bearer token.",
    example: "api-key",
    kinds: OPENAI,
  },
  {
    name: "api_version",
    label: "API version",
    hint: "For the older paths of Azure, where the model is the deployment.",
    example: "2024-10-21",
    kinds: OPENAI,
  },
  {
    name: "token_scope",
    label: "Scope of tokens",
    hint: "What tokens of Entra ID are for, if it is not Azure OpenAI.",
    example: "https://ai.azure.com/.default",
    kinds: ["azure"],
  },
  {
    name: "parts",
    label: "Parts of messages",
    hint: "Whose parts the server has for reasoning and documents.",
    values: [["mistral", "Mistral’s"]],
    kinds: OPENAI,
  },
  {
    name: "responses",
    label: "Responses API",
    hint: "Whether the server has it. OpenAI itself needs no setting.",
    values: [...YES, ["no", "No"]],
    kinds: OPENAI,
  },
  {
    name: "files",
    label: "Files and batches",
    hint: "Whether the server has /files and /batches. OpenAI itself needs no setting.",
    values: [...YES, ["no", "No"]],
    kinds: OPENAI,
  },
  {
    name: "classify",
    label: "Classifications",
    hint: "The format of the server’s classifications.",
    values: [
      ["vllm", "vLLM, SGLang"],
      ["huggingface", "Hugging Face"],
      ["tei", "Text Embeddings Inference"],
    ],
    kinds: OPENAI,
  },
  {
    name: "rerank",
    label: "Rerankings",
    hint: "The format of the server’s rerankings, if it is not Jina’s.",
    values: [["tei", "Text Embeddings Inference"]],
    kinds: OPENAI,
  },
  {
    name: "rename_fields",
    label: "Renamed fields",
    hint: "Members of requests that have another name at the server.",
    example: "max_tokens:max_new_tokens",
    kinds: CHAT_FIELDS,
  },
  {
    name: "drop_fields",
    label: "Dropped fields",
    hint: "Hints in requests that the server rejects. The answer’s headers name what was left out.",
    example: "user,seed",
    kinds: CHAT_FIELDS,
  },
  {
    name: "history",
    label: "Earlier turns",
    hint: "Models that take one prompt get earlier turns in it. Otherwise such requests are rejected.",
    values: [["transcript", "Write into the prompt"]],
    kinds: ONE_PROMPT,
  },
  {
    name: "backend",
    label: "Backend",
    hint: "What serves the models; decides how options and token counts are sent.",
    values: [
      ["vllm", "vLLM"],
      ["tensorrtllm", "TensorRT-LLM"],
    ],
    kinds: ["triton"],
  },
  {
    name: "max_tokens",
    label: "Output limit",
    hint: "For callers of other formats that set no limit.",
    example: "32000",
    kinds: ["anthropic", "vertex"],
  },
  {
    name: "auth",
    label: "Key sent as",
    hint: "For servers that do not read x-api-key.",
    values: [["bearer", "Bearer token"]],
    kinds: ["anthropic"],
  },
  {
    name: "region",
    label: "Region",
    hint: "If the base URL does not have it.",
    example: "eu-central-1",
    kinds: ["bedrock"],
  },
  {
    name: "project",
    label: "Project",
    hint: "Instead of the project in the key file.",
    example: "my-project",
    kinds: ["vertex"],
  },
  {
    name: "location",
    label: "Location",
    hint: "Instead of the location in the base URL.",
    example: "europe-west4",
    kinds: ["vertex"],
  },
];

/** The quirks of a kind of provider. No kind is a server with OpenAI's API. */
export function quirksOf(kind: string): readonly Quirk[] {
  return QUIRKS.filter(({ kinds }) => !kinds || kinds.includes(kind || "openai-compatible"));
}
