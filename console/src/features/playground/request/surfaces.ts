import type { Json, JsonObject } from "@/features/playground/request/json";

/** A wire format that clients speak: its path, an example, and where the parts of a request are. */
export interface Surface {
  id: string;
  name: string;
  path: (model: string, stream: boolean) => string;
  /** The model and whether to stream are in the path, not in the body. */
  byPath?: boolean;
  streams?: boolean;
  example: JsonObject;
  /** A file is sent with it, as a form whose fields are the members of the body. */
  file?: { label: string; accept: string };
  /** The members of the body that have tools, and a schema for the answer. */
  tools?: { member: string; value: Json };
  schema?: { member: string; value: Json };
  /** The list of messages, the list of parts in each, and the part of an image. */
  image?: { messages: string; parts: string; value: JsonObject };
}

const QUESTION = "What is the weather in Oslo?";
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mO44GBAEmIY1TCqYfhqAAC/xkAQXntudQAAAABJRU5ErkJggg==";
const DATA_URL = `data:image/png;base64,${PNG}`;
const PARAMETERS: JsonObject = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const TOOL: JsonObject = { name: "get_weather", description: "The weather in a city." };
const ANSWER: JsonObject = {
  type: "object",
  properties: { answer: { type: "string" }, sure: { type: "boolean" } },
  required: ["answer", "sure"],
  additionalProperties: false,
};

export const SURFACES: readonly Surface[] = [
  {
    id: "chat",
    name: "OpenAI chat completions",
    path: () => "/v1/chat/completions",
    streams: true,
    example: { messages: [{ role: "user", content: [{ type: "text", text: QUESTION }] }] },
    tools: {
      member: "tools",
      value: [{ type: "function", function: { ...TOOL, parameters: PARAMETERS } }],
    },
    schema: {
      member: "response_format",
      value: { type: "json_schema", json_schema: { name: "answer", strict: true, schema: ANSWER } },
    },
    image: {
      messages: "messages",
      parts: "content",
      value: { type: "image_url", image_url: { url: DATA_URL } },
    },
  },
  {
    id: "responses",
    name: "OpenAI responses",
    path: () => "/v1/responses",
    streams: true,
    example: { input: [{ role: "user", content: [{ type: "input_text", text: QUESTION }] }] },
    tools: { member: "tools", value: [{ type: "function", ...TOOL, parameters: PARAMETERS }] },
    schema: {
      member: "text",
      value: { format: { type: "json_schema", name: "answer", strict: true, schema: ANSWER } },
    },
    image: {
      messages: "input",
      parts: "content",
      value: { type: "input_image", image_url: DATA_URL },
    },
  },
  {
    id: "messages",
    name: "Anthropic messages",
    path: () => "/v1/messages",
    streams: true,
    example: {
      max_tokens: 1024,
      messages: [{ role: "user", content: [{ type: "text", text: QUESTION }] }],
    },
    tools: { member: "tools", value: [{ ...TOOL, input_schema: PARAMETERS }] },
    schema: {
      member: "output_config",
      value: { format: { type: "json_schema", schema: ANSWER } },
    },
    image: {
      messages: "messages",
      parts: "content",
      value: { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
    },
  },
  {
    id: "gemini",
    name: "Gemini generateContent",
    path: (model, stream) =>
      `/v1beta/models/${encodeURI(model)}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    byPath: true,
    streams: true,
    example: { contents: [{ role: "user", parts: [{ text: QUESTION }] }] },
    tools: {
      member: "tools",
      value: [{ functionDeclarations: [{ ...TOOL, parametersJsonSchema: PARAMETERS }] }],
    },
    schema: {
      member: "generationConfig",
      value: { responseMimeType: "application/json", responseJsonSchema: ANSWER },
    },
    image: {
      messages: "contents",
      parts: "parts",
      value: { inlineData: { mimeType: "image/png", data: PNG } },
    },
  },
  {
    id: "completions",
    name: "OpenAI completions",
    path: () => "/v1/completions",
    streams: true,
    example: { prompt: "A penstock is", max_tokens: 64 },
  },
  {
    id: "embeddings",
    name: "OpenAI embeddings",
    path: () => "/v1/embeddings",
    example: { input: ["A penstock is a pipe to a turbine."] },
  },
  {
    id: "moderations",
    name: "OpenAI moderations",
    path: () => "/v1/moderations",
    example: { input: "Is this text harmless?" },
  },
  {
    id: "rerank",
    name: "Rerank (Cohere, Jina)",
    path: () => "/v1/rerank",
    example: {
      query: "What is a penstock?",
      documents: ["A pipe to a turbine.", "A bird."],
      top_n: 2,
    },
  },
  {
    id: "images",
    name: "OpenAI images",
    path: () => "/v1/images/generations",
    example: { prompt: "A penstock in a valley, as a woodcut.", size: "1024x1024" },
  },
  {
    id: "speech",
    name: "OpenAI speech",
    path: () => "/v1/audio/speech",
    example: { input: "A penstock is a pipe to a turbine.", voice: "alloy" },
  },
  {
    id: "transcriptions",
    name: "OpenAI transcriptions",
    path: () => "/v1/audio/transcriptions",
    streams: true,
    example: { response_format: "json" },
    file: { label: "Audio file", accept: "audio/*,video/mp4,video/webm" },
  },
];
